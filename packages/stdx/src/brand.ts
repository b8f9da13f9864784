declare const brand: unique symbol

/** A primitive that cannot be swapped for another of the same representation: `Brand<number, 'EpochMs'>`. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name }

/** Milliseconds since 1970-01-01T00:00:00Z. */
export type EpochMs = Brand<number, 'EpochMs'>

/** `ms` after `time`; before it if negative. */
export function later(time: EpochMs, ms: number): EpochMs {
  return (time + ms) as EpochMs
}

/**
 * A time that was put off by `longestMs` at most, as it is to be read. One further away was set by a clock that was ahead,
 * before it was set back or on another machine: waited for, it would hold up its work for hours. It is now.
 */
export function dueTime(at: EpochMs, now: EpochMs, longestMs: number): EpochMs {
  return at > now + longestMs ? now : at
}

/** `undefined` if there is none. */
export function earliest(times: readonly EpochMs[]): EpochMs | undefined {
  return times.length === 0
    ? undefined
    : (times.reduce<number>((first, time) => Math.min(first, time), Number.POSITIVE_INFINITY) as EpochMs)
}
