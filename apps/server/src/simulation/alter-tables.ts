import type { TableSettings } from '@moraine/management/records/table-settings'
import type { Faults } from './faults.ts'
import { addSimulatedTable, type Lake, type SimulatedTable } from './lake.ts'

/** In which tables are now and then, and nobody works. */
export const OTHER_GROUP = 'other'

export type AlterOptions = Pick<Faults, 'dice' | 'clock'> & {
  readonly isOver: () => boolean
  /** A table came to the name of one that was dropped. */
  readonly onMade: (table: SimulatedTable) => void
}

/**
 * Owners who switch their tables off and on, put them into another group and back, or drop them and make others of the same
 * name, at any moment of their processes. In the end all are switched on, where they were at first.
 */
export async function alterTables(lake: Lake, options: AlterOptions): Promise<void> {
  const { dice, clock, isOver } = options
  const acts = [switchOnOrOff, switchOnOrOff, moveOrReturn, moveOrReturn, dropAndMake]
  for (;;) {
    await clock.sleep(dice.between(5000, 90_000))
    if (isOver()) break
    const table = dice.pick([...lake.tables.values()])
    if (table !== undefined) dice.pick(acts)?.(lake, table, options)
  }
  for (const table of lake.tables.values()) alter(lake, table, { enabled: true, group: 'default' })
}

function switchOnOrOff(lake: Lake, table: SimulatedTable): void {
  alter(lake, table, { enabled: !table.settings.enabled })
}

function moveOrReturn(lake: Lake, table: SimulatedTable): void {
  alter(lake, table, { group: table.settings.group === OTHER_GROUP ? 'default' : OTHER_GROUP })
}

function alter(lake: Lake, table: SimulatedTable, settings: Partial<TableSettings>): void {
  lake.mutations += 1
  table.version += 1
  table.settings = { ...table.settings, ...settings }
}

/** The files of a table that is dropped stay where they are. */
function dropAndMake(lake: Lake, table: SimulatedTable, { dice, clock, onMade }: AlterOptions): void {
  lake.mutations += 1
  lake.tables.delete(table.name.name)
  lake.dropped.add(table.uuid)
  const settings = { ...table.settings, enabled: true, group: 'default' }
  // At times before anybody has seen that it was gone.
  void clock.sleep(dice.between(100, 300_000)).then(() => {
    lake.mutations += 1
    onMade(addSimulatedTable(lake, table.name.name, settings, { ...table.name, uuid: `${table.uuid}+` }))
  })
}
