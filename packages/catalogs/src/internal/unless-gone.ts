import { checkAborted } from '@moraine/stdx/abort'

/**
 * The same part of a catalog, which begins no call whose signal has aborted. A database is asked without one, so that a call for
 * somebody who has given up would be made as any other, after they were told that it was not.
 */
export function unlessGone<Part extends object>(part: Part): Part {
  const members = Object.entries(part).map(([key, member]): readonly [string, unknown] => {
    if (typeof member !== 'function') return [key, member]
    const call = async (...given: readonly unknown[]) => {
      const signal = given.find((each) => each instanceof AbortSignal)
      checkAborted(signal, key)
      return member.apply(part, given)
    }
    return [key, call]
  })
  // Each member is what it was, or does what it did.
  return Object.fromEntries(members) as Part
}
