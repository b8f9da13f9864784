import type { Faults } from './faults.ts'
import { type Lake, renameSimulatedTable } from './lake.ts'

/** Somebody gives tables other names, now and then, until it is over. */
export async function renameTables(
  lake: Lake,
  { dice, clock }: Pick<Faults, 'dice' | 'clock'>,
  isOver: () => boolean,
): Promise<void> {
  for (let count = 1; ; count += 1) {
    await clock.sleep(dice.between(10_000, 240_000))
    if (isOver()) return
    const table = dice.pick([...lake.tables.values()])
    if (table !== undefined) renameSimulatedTable(lake, table, `${table.uuid}-${count}`)
  }
}
