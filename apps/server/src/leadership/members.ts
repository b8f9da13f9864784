import type { Fence } from '@moraine/catalogs/fence'
import type { LeaderAddress, LeaderLeases } from '@moraine/management/records/leader-lease'
import type { Clock } from '@moraine/stdx/clock'
import { describeError } from '@moraine/stdx/error'
import type { PostTiming } from '../config/ha-settings.ts'
import type { Log } from '../service/log.ts'
import type { Service } from '../service/service.ts'

export type MembersOptions = {
  readonly leases: LeaderLeases
  /** Another at each start of a process. */
  readonly holder: string
  /** How this server is reached, as no other is. */
  readonly nodeId: () => string
  readonly address: () => LeaderAddress
  readonly timing: PostTiming
  readonly clock: Clock
  readonly log: Log
}

/** The servers of one database, each of which says from time to time that it is there. */
export type Members = Service & {
  /** Those that are there now. */
  list(): Promise<readonly LeaderAddress[]>
}

const PREFIX = 'node/'

/**
 * A server that was killed leaves its place taken for a while when it comes back. If it stays so, another is reached in the
 * same way: that is logged, and this one is not listed.
 */
export function members(options: MembersOptions): Members {
  const { leases, holder, timing, clock, log } = options
  const stopping = new AbortController()
  let place: Fence | undefined
  let keeping: Promise<void> | undefined
  let takenSince: number | undefined

  const sayHere = async () => {
    const name = `${PREFIX}${options.nodeId()}`
    const { kind, lease } = await leases.acquire({ name, holder, ttlMs: timing.ttlMs, address: options.address() })
    if (kind === 'held') {
      place = { lease: name, holder, epoch: lease.epoch }
      takenSince = undefined
      return
    }
    takenSince ??= clock.monotonicMs()
    if (clock.monotonicMs() - takenSince <= 2 * timing.ttlMs) return
    takenSince = clock.monotonicMs()
    log.error(
      { node: options.nodeId(), ...lease.address },
      'another server is reached by the same name and port: give each its own (server-expose-host, http-server.bind-port)',
    )
  }
  const keep = async () => {
    while (!stopping.signal.aborted) {
      await sayHere().catch((error: unknown) => {
        log.warn({ failure: describeError(error) }, 'the other servers could not be told that this one is there')
      })
      await clock.sleep(timing.heartbeatMs, stopping.signal).catch(() => undefined)
    }
  }
  return {
    name: 'members',
    async list() {
      const places = await leases.list(PREFIX)
      return places.filter((each) => each.holder !== undefined && each.remainingMs > 0).map(({ address }) => address)
    },
    async start() {
      keeping = keep()
    },
    async stop() {
      stopping.abort()
      await keeping
      if (place !== undefined) await leases.release(place).catch(() => undefined) // it runs out by itself
    },
  }
}
