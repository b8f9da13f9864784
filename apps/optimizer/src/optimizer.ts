import { amoroException } from '@moraine/api/thrift/optimize-manager'
import { describeError, isKind, MoraineError } from '@moraine/stdx/error'
import { type AttemptOptions, type RunningAttempt, runAttempt } from './run-attempt.ts'
import { openSession, type Session, type SessionOptions } from './session.ts'
import { type TroubleLog, troubleLog } from './trouble-log.ts'

export type OptimizerOptions = SessionOptions &
  AttemptOptions & {
    /** Asked when the service is not reached: what to do about it, beside what the error says. */
    readonly peerHint?: (error: unknown, signal: AbortSignal) => Promise<string | undefined>
    /** Hears, with each heartbeat, where the servers are of which one leads: `thrift://host:port`. */
    readonly onServers?: (urls: readonly string[]) => void
  }

const RETRY_MS = 1000
const LONG_POLL_MS = 60_000
/** A server that says nothing at all for so long is taken for lost, and polls with it. */
const TOUCH_WITHIN_MS = 5000

/**
 * A worker without state: registers, keeps its registration alive, and in each thread polls for a task, executes it and
 * reports. Without a task it waits inside the poll, so that a queued one reaches it at once. When `stop` aborts it takes
 * no more tasks, lets the running ones end, and leaves.
 *
 * @throws {MoraineError} `permission` if the service refuses it for good.
 */
export async function runOptimizer(options: OptimizerOptions, stop: AbortSignal): Promise<void> {
  const trouble = troubleLog(options.clock, options.log)
  const session = reporting(openSession(options), trouble)
  const running = new Map<number, RunningAttempt>()
  const ended = new AbortController()
  const stopping = AbortSignal.any([stop, ended.signal])
  const threads = Array.from({ length: options.threads }, (_, threadId) =>
    runThread(session, threadId, running, { ...options, trouble }, stopping),
  )
  const drain = drainTeller(session, options, stop)
  const heartbeat = keepAlive(session, running, { ...options, trouble, drain }, ended.signal)
  const farewell = sayDrain(session, options, stop, ended.signal)
  try {
    await Promise.race([heartbeat, Promise.all(threads)])
    await session
      .callIfRegistered((authToken) => options.client.leave({ authToken }))
      .catch((error: unknown) => options.log(`leaving: ${describeError(error)}`))
  } finally {
    ended.abort()
    await Promise.allSettled([...threads, heartbeat, farewell])
  }
}

type Reporting = OptimizerOptions & { readonly trouble: TroubleLog }
type Beating = Reporting & { readonly drain: DrainTeller }

/** The same session, of which it is noted whenever the service answers. */
function reporting(session: Session, trouble: TroubleLog): Session {
  const noted = async <T>(answer: Promise<T>): Promise<T> => {
    try {
      const value = await answer
      trouble.reached()
      return value
    } catch (error) {
      if (amoroException.match(error) !== undefined) trouble.reached()
      throw error
    }
  }
  return { call: (ask) => noted(session.call(ask)), callIfRegistered: (ask) => session.callIfRegistered(ask) }
}

async function report(what: string, error: unknown, options: Reporting, signal: AbortSignal): Promise<void> {
  const hint = options.trouble.isDue(error) ? await options.peerHint?.(error, signal) : undefined
  options.trouble.failed(what, error, hint)
}

/** Heartbeats until `ended`; throws if the service refuses this optimizer for good. */
async function keepAlive(
  session: Session,
  running: ReadonlyMap<number, RunningAttempt>,
  options: Beating,
  ended: AbortSignal,
): Promise<void> {
  const { client, clock, heartbeatIntervalMs } = options
  while (!ended.aborted) {
    try {
      await session.call((authToken) => client.touch({ authToken }, { timeoutMs: TOUCH_WITHIN_MS }))
      if (options.onServers !== undefined) options.onServers((await client.getOptimizingNodeUrls({})) ?? [])
      await stopUnwanted(session, running, options)
      await options.drain()
    } catch (error) {
      if (isKind(error, 'permission')) throw error
      await report('heartbeat', error, options, ended)
    }
    await clock.sleep(heartbeatIntervalMs, ended).catch(() => undefined)
  }
}

/** Asks which of the running tasks were canceled, or given to somebody else, and stops them. */
async function stopUnwanted(
  session: Session,
  running: ReadonlyMap<number, RunningAttempt>,
  { client, log }: OptimizerOptions,
): Promise<void> {
  if (running.size === 0) return
  const asked = [...running.values()].map(({ taskId, threadId }) => ({ taskId, threadId }))
  const answer = await session.call((authToken) => client.findUnwanted({ authToken, running: asked }))
  for (const { taskId, threadId } of answer?.value ?? []) {
    const attempt = running.get(threadId)
    const same =
      attempt?.taskId.processId === taskId.processId &&
      attempt.taskId.taskId === taskId.taskId &&
      attempt.taskId.attempt === taskId.attempt
    if (!same) continue
    log(`task ${taskId.processId}/${taskId.taskId} is no longer wanted`)
    attempt.abort(new MoraineError('aborted', 'the task is no longer wanted'))
  }
}

/** Tells, once for each time, why the service gives it no more tasks: without any it would look broken. */
type DrainTeller = () => Promise<void>

function drainTeller(session: Session, { client, log }: OptimizerOptions, stop: AbortSignal): DrainTeller {
  let isAsked = true
  let told: string | undefined
  return async () => {
    if (!isAsked || stop.aborted) return
    try {
      const answer = await session.call((authToken) =>
        client.findStanding({ authToken }, { timeoutMs: TOUCH_WITHIN_MS }),
      )
      // What it asked for itself meanwhile is no news.
      if (answer === undefined || stop.aborted) return
      const reason = answer.value?.drainReason
      if (reason !== undefined && reason !== told) log(drainText(reason))
      told = reason
    } catch (error) {
      if (!isKind(error, 'unsupported')) throw error
      isAsked = false
    }
  }
}

function drainText(reason: string): string {
  return `no more tasks are taken, those that run may end: ${reason}`
}

/** Tells the service at once that no more tasks are taken, while the running ones end. */
async function sayDrain(
  session: Session,
  { client, log }: OptimizerOptions,
  stop: AbortSignal,
  ended: AbortSignal,
): Promise<void> {
  await new Promise<void>((resolve) => {
    if (stop.aborted || ended.aborted) return resolve()
    stop.addEventListener('abort', () => resolve(), { once: true, signal: ended })
    ended.addEventListener('abort', () => resolve(), { once: true })
  })
  if (ended.aborted) return
  log(drainText('it is told to stop'))
  await session
    .callIfRegistered((authToken) => client.drain({ authToken }))
    .catch((error: unknown) => log(`draining: ${describeError(error)}`))
}

async function runThread(
  session: Session,
  threadId: number,
  running: Map<number, RunningAttempt>,
  options: Reporting,
  stop: AbortSignal,
): Promise<void> {
  const { client, clock } = options
  while (!stop.aborted) {
    try {
      const polled = await session.call((authToken) =>
        client.pollTask({ authToken, threadId }, { timeoutMs: LONG_POLL_MS, signal: stop }),
      )
      if (polled?.value !== undefined) {
        await runAttempt(session, threadId, polled.value, running, options, stop)
      }
    } catch (error) {
      if (stop.aborted) return
      await report(`thread ${threadId}`, error, options, stop)
      await clock.sleep(RETRY_MS, stop).catch(() => undefined)
    }
  }
}
