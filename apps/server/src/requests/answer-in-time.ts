import type { Clock } from '@moraine/stdx/clock'
import { startDeadline, type TimeLimit, timeoutError, withinDeadline } from '@moraine/stdx/deadline'
import { outcomeUnknown } from '@moraine/stdx/error'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { goneSignal } from './gone-signal.ts'

/** How long a request may take once it has arrived. */
export type AnswerLimits = { readonly readMs: number; readonly changeMs: number }

/** Less than clients and proxies wait by default, so that they hear what became of it. */
export const ANSWER_LIMITS: AnswerLimits = { readMs: 30_000, changeMs: 60_000 }

/** For what heeds the signal, to stop and tidy up. */
const GRACE_MS = 5_000

type Asked = {
  readonly isChange: boolean
  /** For messages: method and path. */
  readonly what: string
  /** Aborts when the client has gone. */
  readonly gone: AbortSignal
}

/**
 * The outcome of `run`, which is told to stop when time is up or the client has gone. A read is not waited for then. A change
 * is for a moment, for it may have been made, or never will be; after that nobody knows.
 *
 * @throws {MoraineError} `timeout`: nothing was done, or, where `isOutcomeUnknown` says so, it may have been
 */
export function answerInTime<T>(
  clock: Pick<Clock, 'sleep'>,
  { readMs, changeMs }: AnswerLimits,
  { isChange, what, gone }: Asked,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = { what, signal: gone }
  if (!isChange) return withinDeadline(clock, { ...limit, ms: readMs, remedy: 'try again later' }, run)
  // Also where it stops in time: it may have come as far as to leave the outcome unknown, by this very error.
  return changeInTime(clock, { ...limit, ms: changeMs, remedy: LOOK_FIRST }, run)
}

/** Answers one request so: what is no GET is a change. */
export type InTime = <T>(
  request: Pick<FastifyRequest, 'method' | 'url'>,
  reply: Pick<FastifyReply, 'raw'>,
  run: (signal: AbortSignal) => Promise<T>,
) => Promise<T>

export function inTimeBy(clock: Pick<Clock, 'sleep'>, limits: AnswerLimits = ANSWER_LIMITS): InTime {
  return ({ method, url }, reply, run) => {
    const isChange = method !== 'GET' && method !== 'HEAD'
    return answerInTime(clock, limits, { isChange, what: `${method} ${url}`, gone: goneSignal(reply) }, run)
  }
}

const LOOK_FIRST = 'look at what it was to change before it is asked for again'

async function changeInTime<T>(
  clock: Pick<Clock, 'sleep'>,
  limit: TimeLimit,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const deadline = startDeadline(clock, limit)
  const answered = new AbortController()
  const overdue = clock.sleep(limit.ms + GRACE_MS, answered.signal).then(() => {
    const late = timeoutError(limit)
    throw outcomeUnknown(`the change may or may not have been made: ${late.message}`, late)
  })
  try {
    return await Promise.race([run(deadline.signal), overdue])
  } finally {
    deadline.end()
    answered.abort(ANSWERED)
  }
}

// Made once: an abort without a reason makes an error with a stack each time.
const ANSWERED = new Error('answered')
