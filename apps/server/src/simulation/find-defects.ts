import type { Defect } from './defects.ts'
import { type SimulationOptions, simulateMany } from './simulate-many.ts'
import { checkDefects, copySources } from './source-copy.ts'

export type DefectSearch = {
  readonly defect: Defect
  /** With the rule that each found broken. */
  readonly found: ReadonlyMap<number, string>
}

/**
 * Runs the seeds of all defects as the sources are, and then those of each with the defect in a copy of them.
 *
 * @throws {Error} naming a defect that does not fit the sources any more, or whose seeds fail without it and so prove nothing
 */
export async function findDefects(
  defects: readonly Defect[],
  onSearched: (search: DefectSearch) => void,
  threads: number,
): Promise<void> {
  await checkDefects(defects)
  for (const defect of defects) {
    const [failure] = (await failingSeeds(defect, { ...defect.world, threads })).values()
    if (failure !== undefined) throw new Error(`the seeds of defect '${defect.name}' fail without it: ${failure}`)
  }
  const copy = await copySources()
  try {
    for (const defect of defects) {
      const options = { ...defect.world, threads, sources: copy.root }
      onSearched({ defect, found: await copy.withDefect(defect, () => failingSeeds(defect, options)) })
    }
  } finally {
    await copy.remove()
  }
}

async function failingSeeds(
  { seeds: [from, count] }: Defect,
  options: SimulationOptions,
): Promise<ReadonlyMap<number, string>> {
  const seeds = Array.from({ length: count }, (_, index) => from + index)
  const failures = new Map<number, string>()
  await simulateMany(seeds, ({ seed, failure }) => failure !== undefined && failures.set(seed, failure), options)
  return new Map([...failures].sort(([a], [b]) => a - b))
}

/** A row of the table in docs/specs/simulator.md, but for the seeds that found it. */
export function describeDefect({ name, world, seeds: [from, count] }: Defect): string {
  const flags = Object.entries(world).flatMap(([key, value]) => {
    if (typeof value === 'number') return `--${key} ${value}`
    return value === undefined ? [] : value ? `--${key}` : `--no-${key}`
  })
  return `| ${name} | ${flags.join(' ')} | ${count === 1 ? from : `${from} to ${from + count - 1}`} |`
}
