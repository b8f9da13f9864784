import type { Defect } from './defects.ts'
import { type SimulationOptions, simulateMany } from './simulate-many.ts'
import { checkDefects, copySources, type SourceCopy } from './source-copy.ts'

export type DefectSearch = {
  readonly defect: Defect
  /** The first seed that found it, with the rule that was broken. */
  readonly found: { readonly seed: number; readonly failure: string } | undefined
}

/**
 * Looks for each defect in a copy of the sources, with one seed after another until one finds it.
 *
 * @throws {Error} naming a defect that does not fit the sources any more, or whose seed fails without it and so proves nothing
 */
export async function findDefects(
  defects: readonly Defect[],
  onSearched: (search: DefectSearch) => void,
  threads: number,
): Promise<void> {
  await checkDefects(defects)
  const copy = await copySources()
  try {
    for (const defect of defects) onSearched({ defect, found: await findDefect(defect, copy, threads) })
  } finally {
    await copy.remove()
  }
}

/** Most are found by the first seeds: few are run at once, and ever more as these find nothing. */
const FIRST_SEEDS = 8

async function findDefect(defect: Defect, copy: SourceCopy, threads: number): Promise<DefectSearch['found']> {
  const options = { ...defect.world, threads }
  let [from, count] = [1, FIRST_SEEDS]
  for (; from <= defect.seeds; [from, count] = [from + count, 2 * count]) {
    const seeds = Array.from({ length: Math.min(count, defect.seeds - from + 1) }, (_, index) => from + index)
    const failures = await copy.withDefect(defect, () => failingSeeds(seeds, { ...options, sources: copy.root }))
    const [first] = failures
    if (first === undefined) continue
    const [seed, failure] = first
    const without = (await failingSeeds([seed], options)).get(seed)
    if (without === undefined) return { seed, failure }
    throw new Error(`the seed that finds defect '${defect.name}' fails without it: ${without}`)
  }
  return undefined
}

/** In their order. */
async function failingSeeds(
  seeds: readonly number[],
  options: SimulationOptions,
): Promise<ReadonlyMap<number, string>> {
  const failures = new Map<number, string>()
  await simulateMany(seeds, ({ seed, failure }) => failure !== undefined && failures.set(seed, failure), options)
  return new Map([...failures].sort(([a], [b]) => a - b))
}

/** A row of the table in docs/specs/simulator.md. */
export function describeDefect({ name, world, seeds }: Defect): string {
  const flags = Object.entries(world).flatMap(([key, value]) => {
    if (typeof value === 'number') return `--${key} ${value}`
    return value === undefined ? [] : value ? `--${key}` : `--no-${key}`
  })
  return `| ${name} | ${flags.join(' ')} | ${seeds} |`
}
