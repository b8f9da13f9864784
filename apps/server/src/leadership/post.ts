import type { Fence } from '@moraine/catalogs/fence'
import type { LeaderAddress, LeaderLeases, Lease } from '@moraine/management/records/leader-lease'
import type { Clock } from '@moraine/stdx/clock'
import { withinDeadline } from '@moraine/stdx/deadline'
import { describeError, isRetryable, MoraineError } from '@moraine/stdx/error'
import type { PostTiming } from '../config/ha-settings.ts'
import type { Log } from '../service/log.ts'

export type PostOptions = {
  readonly leases: LeaderLeases
  /** Another at each start of a process. */
  readonly holder: string
  readonly timing: PostTiming
  /** How this server is reached; asked for whenever the others are told. */
  readonly address: () => LeaderAddress
  readonly clock: Clock
  readonly log: Log
}

/** The post of the one server that optimizes, as long as this one has it. */
export type Post = {
  /** Under what this server writes now; `undefined` where it must not: its time is over, or it is not heard from. */
  fence(): Fence | undefined
  /** Aborts, with the reason, when another has it. A database that is away for a while costs the right to write alone. */
  readonly lost: AbortSignal
  /** Tells the others at once how this server is reached now. */
  announce(): Promise<void>
  /** Gives it back: others may take it at once. */
  release(): Promise<void>
}

const POST = 'service'
const ASK_AGAIN_MS = 1000

/**
 * Waits until nobody has the post, and takes it. The time of a post counts from before it was asked for: an answer may
 * have been long on its way.
 *
 * @param onTaken hears who has it, whenever it was asked for in vain; what it throws ends the waiting
 * @throws {MoraineError} what the database throws, unless it may answer later: that is logged
 */
export async function takePost(
  options: PostOptions,
  onTaken: (lease: Lease) => void,
  signal: AbortSignal,
): Promise<Post> {
  const { leases, clock, log } = options
  for (;;) {
    const askedAt = clock.monotonicMs()
    const outcome = await ask(options).catch((error: unknown) => {
      if (!isRetryable(error)) throw error
      log.warn({ failure: describeError(error) }, 'it is not known who has the post of the service; it is asked again')
    })
    if (outcome?.kind === 'held') return keepPost(options, outcome.lease.epoch, askedAt)
    if (outcome?.kind === 'taken') onTaken(outcome.lease)
    const remainingMs = outcome?.lease.remainingMs ?? ASK_AGAIN_MS
    await clock.sleep(Math.min(ASK_AGAIN_MS, Math.max(1, remainingMs)), signal)
  }

  // Whoever only waits reads: to take it is to wait for all that is being written under it.
  async function ask({ timing, holder, address }: PostOptions) {
    const lease = await leases.read(POST)
    if (lease !== undefined && isTakenFrom(lease, holder)) return { kind: 'taken', lease } as const
    return leases.acquire({ name: POST, holder, ttlMs: timing.ttlMs, address: address() })
  }
}

/** Tells who has the post, again and again until the signal aborts. Never throws. */
export async function watchPost(
  { leases, holder, clock, log }: PostOptions,
  onTaken: (lease: Lease) => void,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const lease = await leases.read(POST).catch((error: unknown) => {
      log.warn({ failure: describeError(error) }, 'it is not known who has the post of the service; it is asked again')
      return undefined
    })
    if (lease !== undefined && isTakenFrom(lease, holder)) onTaken(lease)
    await clock.sleep(ASK_AGAIN_MS, signal).catch(() => undefined)
  }
}

function isTakenFrom(lease: Lease, holder: string): boolean {
  return lease.holder !== undefined && lease.holder !== holder && lease.remainingMs > 0
}

function keepPost({ leases, holder, timing, address, clock, log }: PostOptions, epoch: number, askedAt: number): Post {
  const fence: Fence = { lease: POST, holder, epoch }
  const ended = new AbortController()
  const lost = new AbortController()
  let until = askedAt + timing.ttlMs
  const renew = async () => {
    const from = clock.monotonicMs()
    // One that hangs leaves time for another.
    const limit = { ms: timing.ttlMs / 2, what: 'renewing the post of the service', signal: ended.signal }
    const request = { name: POST, holder, epoch, ttlMs: timing.ttlMs, address: address() }
    const renewed = await withinDeadline(clock, limit, () => leases.renew(request))
    if (renewed !== undefined) until = Math.max(until, from + timing.ttlMs)
    else {
      ended.abort()
      lost.abort(new MoraineError('conflict', 'another service has taken over the database'))
    }
  }
  const keep = async () => {
    for (;;) {
      await clock.sleep(timing.heartbeatMs, ended.signal)
      await renew().catch((error: unknown) => {
        if (ended.signal.aborted) return
        log.warn({ failure: describeError(error) }, 'the post of the service could not be renewed; it is tried again')
      })
    }
  }
  const keeping = keep().catch(() => undefined)
  return {
    fence: () => (!ended.signal.aborted && clock.monotonicMs() < until ? fence : undefined),
    lost: lost.signal,
    announce: renew,
    async release() {
      ended.abort()
      await keeping
      if (lost.signal.aborted) return
      await leases.release(fence).catch((error: unknown) => {
        log.warn({ failure: describeError(error) }, 'the post of the service is left to run out')
      })
    },
  }
}
