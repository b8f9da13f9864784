import type { Faults } from './faults.ts'
import { appendFile, type Lake, mergeFiles, type SimulatedTable } from './lake.ts'

/** Appends small files to a table, and at times merges some, until it is over. */
export async function write(
  lake: Lake,
  table: SimulatedTable,
  { dice, clock }: Faults,
  isOver: () => boolean,
): Promise<void> {
  const partitions = ['a', 'b', 'c'].slice(0, dice.between(1, 3))
  for (;;) {
    await clock.sleep(dice.between(1000, 30_000))
    if (isOver()) return
    const partition = dice.pick(partitions) ?? 'a'
    if (dice.chance(0.05)) mergeFiles(lake, table, partition)
    else appendFile(lake, table, partition)
  }
}
