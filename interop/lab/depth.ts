/**
 * How often a suite does what proves the same again: another table of the corpus, another commit beside a writer, another
 * kill. Beyond that only {@link leftOut} says what is not done as usual.
 *
 * `usual`: before a change lands, and by default. `all`: before a release.
 */
type Depth = 'usual' | 'all'

const DEPTHS: ReadonlyMap<string, Depth> = new Map([
  ['usual', 'usual'],
  ['all', 'all'],
])

/** What `INTEROP_DEPTH` says. */
export const DEPTH: Depth = depthOf(process.env['INTEROP_DEPTH'])

/** The one for the depth of this run. */
export function byDepth<T>(values: Readonly<Record<Depth, T>>): T {
  return values[DEPTH]
}

/**
 * Why a suite that takes longer than others, to be set up or to say anything, is not run as usual, though it could be;
 * `undefined` where it is run. It is shown as skipped.
 */
export function leftOut(why: string): string | undefined {
  return DEPTH === 'usual' ? `${why}: INTEROP_DEPTH=all runs it` : undefined
}

/** @throws {Error} if it is no depth: a run that was meant to do all must not do less in silence. */
export function depthOf(setting: string | undefined): Depth {
  const depth = DEPTHS.get(setting ?? 'usual')
  if (depth === undefined) throw new Error(`INTEROP_DEPTH is ${setting}: it can be usual or all`)
  return depth
}
