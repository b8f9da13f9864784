declare const brand: unique symbol

/** A primitive that cannot be swapped for another of the same representation: `Brand<number, 'EpochMs'>`. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name }

/** Milliseconds since 1970-01-01T00:00:00Z. */
export type EpochMs = Brand<number, 'EpochMs'>

/** `ms` after `time`; before it if negative. */
export function later(time: EpochMs, ms: number): EpochMs {
  return (time + ms) as EpochMs
}

/** `undefined` if there is none. */
export function earliest(times: readonly EpochMs[]): EpochMs | undefined {
  return times.length === 0
    ? undefined
    : (times.reduce<number>((first, time) => Math.min(first, time), Number.POSITIVE_INFINITY) as EpochMs)
}
