import type { Clock } from '@moraine/stdx/clock'
import type { FastifyInstance, FastifyReply } from 'fastify'

export type WaitingLimits = {
  /** For a client to take the whole of an answer. */
  readonly ms: number
  /** That all answers together may have in memory; above that the eldest are given up, but none before `graceMs`. */
  readonly bytes: number
  readonly graceMs: number
}

/** As long as a request may take to arrive; and a share of the heap that leaves the work of the service alone. */
const WAITING_LIMITS: WaitingLimits = { ms: 300_000, bytes: 128 * 1024 * 1024, graceMs: 5000 }

export type WaitingDeps = {
  readonly clock: Pick<Clock, 'sleep' | 'monotonicMs'>
  readonly limits?: WaitingLimits
  /** Told of connections that were closed because their clients did not take their answers. */
  readonly onGivenUp: (event: { readonly connections: number; readonly bytes: number }) => void
}

/**
 * Bounds what clients cost that ask for large answers and do not read them: an answer that is not taken in time is given up,
 * and the eldest of them earlier where all of them hold too much. Small ones, which the system's buffers take, are not looked
 * after; of one that is sent in pieces only the time counts, for its pieces are shared.
 */
export function boundWaitingAnswers(
  server: FastifyInstance,
  { clock, limits = WAITING_LIMITS, onGivenUp }: WaitingDeps,
): void {
  // In the order in which they were sent.
  const waiting = new Map<FastifyReply['raw'], Waiting>()
  const closing = new AbortController()
  let isWatched = false
  const watch = async () => {
    isWatched = true
    while (waiting.size > 0 && (await isStillOpen())) {
      const late = lateAnswers([...waiting], clock.monotonicMs(), limits)
      if (late.length === 0) continue
      for (const [raw] of late) {
        waiting.delete(raw)
        raw.destroy()
      }
      onGivenUp({ connections: late.length, bytes: sumOf(late) })
    }
    isWatched = false
  }
  const isStillOpen = () =>
    clock.sleep(LOOK_MS, closing.signal).then(
      () => true,
      () => false,
    )
  server.addHook('onSend', async (_, { raw }, payload) => {
    const bytes = bytesOf(payload)
    if (bytes === undefined) return
    waiting.set(raw, { bytes, sinceMs: clock.monotonicMs() })
    for (const event of ['finish', 'close'] as const) raw.once(event, () => waiting.delete(raw))
    if (!isWatched) void watch()
  })
  server.addHook('onClose', async () => closing.abort(new Error('the server closes')))
}

const LOOK_MS = 1000

/** About what a socket takes by itself. */
const SMALL_BYTES = 64 * 1024

type Waiting = { readonly bytes: number; readonly sinceMs: number }

/** Those to be given up, of answers in the order in which they were sent. */
export function lateAnswers<Key>(
  answers: readonly (readonly [Key, Waiting])[],
  nowMs: number,
  { ms, bytes, graceMs }: WaitingLimits,
): readonly (readonly [Key, Waiting])[] {
  let left = sumOf(answers)
  return answers.filter(([, answer]) => {
    const ageMs = nowMs - answer.sinceMs
    const isLate = ageMs >= ms || (left > bytes && ageMs >= graceMs && answer.bytes > 0)
    if (isLate) left -= answer.bytes
    return isLate
  })
}

function sumOf(answers: readonly (readonly [unknown, Waiting])[]): number {
  return answers.reduce((sum, [, { bytes }]) => sum + bytes, 0)
}

/** What the answer alone holds in memory; `undefined` for what is not looked after. */
function bytesOf(payload: unknown): number | undefined {
  if (typeof payload === 'string' || payload instanceof Uint8Array) {
    const bytes = typeof payload === 'string' ? Buffer.byteLength(payload) : payload.byteLength
    return bytes < SMALL_BYTES ? undefined : bytes
  }
  return typeof payload === 'object' && payload !== null ? 0 : undefined
}
