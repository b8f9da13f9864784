import type { Random } from '@moraine/stdx/random'

/** What is done to whom. Every deed has an end: whatever it took is given back after `forMs`. */
export type Deed = {
  /** Since the beginning. */
  readonly atMs: number
  readonly kind: DeedKind
  /** Which of its kind: a server, an optimizer, or whose child; `0` for the database. */
  readonly victim: number
  /** Until the victim is started, continued or reached again. */
  readonly forMs: number
}

export type DeedKind = (typeof KINDS)[number]['kind']

export type Victims = { readonly servers: number; readonly optimizers: number }

type Kind = {
  readonly kind: string
  readonly of: keyof Victims | 'database'
  /** How often in each bag. */
  readonly weight: number
  readonly longestMs: number
}

/** Stops and silences last longer than a lease at times, so that who was stopped wakes up to find another in its place. */
const KINDS = [
  { kind: 'kill-server', of: 'servers', weight: 4, longestMs: 6000 },
  { kind: 'stop-server', of: 'servers', weight: 3, longestMs: 16_000 },
  { kind: 'cut-server-from-database', of: 'servers', weight: 2, longestMs: 16_000 },
  { kind: 'cut-writers-from-server', of: 'servers', weight: 3, longestMs: 6000 },
  { kind: 'kill-optimizer', of: 'optimizers', weight: 4, longestMs: 4000 },
  { kind: 'stop-optimizer', of: 'optimizers', weight: 3, longestMs: 25_000 },
  { kind: 'kill-executor', of: 'optimizers', weight: 5, longestMs: 0 },
  { kind: 'stop-executor', of: 'optimizers', weight: 3, longestMs: 10_000 },
  { kind: 'kill-database', of: 'database', weight: 1, longestMs: 5000 },
] as const satisfies readonly Kind[]

const SHORTEST_PAUSE_MS = 300
const LONGEST_PAUSE_MS = 2500

/**
 * The same deeds for the same numbers. They overlap: a server may be killed while the database is away. Kinds are drawn from a
 * bag that is filled again when it is empty, so that a short run has all of them.
 */
export function planDeeds(random: Random, durationMs: number, victims: Victims): readonly Deed[] {
  const below = (limit: number) => Math.floor((Buffer.from(random.bytes(4)).readUInt32LE() / 2 ** 32) * limit)
  const deeds: Deed[] = []
  let bag: (typeof KINDS)[number][] = []
  let atMs = 0
  for (;;) {
    atMs += SHORTEST_PAUSE_MS + below(LONGEST_PAUSE_MS - SHORTEST_PAUSE_MS)
    if (atMs >= durationMs) return deeds
    if (bag.length === 0) bag = KINDS.flatMap((each) => Array.from({ length: each.weight }, () => each))
    const [{ kind, of, longestMs } = KINDS[0]] = bag.splice(below(bag.length), 1)
    const victim = of === 'database' ? 0 : below(victims[of])
    // Nothing is left to be given back after the end.
    deeds.push({ atMs, kind, victim, forMs: Math.min(below(longestMs + 1), durationMs - atMs) })
  }
}
