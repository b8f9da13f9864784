import { openProcessId } from '@moraine/management/records/managed-table'
import type { Stores } from '@moraine/management/store/stores'
import { pauseTable, resumeTable } from '@moraine/management/tables/pause-table'
import type { VirtualClock } from '@moraine/testkit/virtual-clock'
import type { Dice } from './dice.ts'

export type InterfereOptions = {
  readonly dice: Dice
  readonly clock: VirtualClock
  /** Names of tables that are left alone. */
  readonly spared: ReadonlySet<string>
}

/**
 * People and engines that hold tables while the service works, through another server: it is not told. In the end they let
 * go of everything but their leases, which end by themselves.
 */
export async function interfere(
  stores: Pick<Stores, 'state' | 'tables' | 'groups' | 'blockers'>,
  { dice, clock, spared }: InterfereOptions,
  isOver: () => boolean,
): Promise<void> {
  const acts = [() => pauseOrResume(), () => pauseOrResume(), () => block(), () => pauseGroup(dice.chance(0.3))]
  const listTables = async () =>
    (await stores.tables.listTables({ limit: 100 })).filter(({ name }) => !spared.has(name.name))
  const anyTable = async () => dice.pick(await listTables())

  async function pauseOrResume(): Promise<void> {
    const table = await anyTable()
    if (table === undefined) return
    const pause = { since: clock.now(), by: 'ana' }
    await stores.state.apply(
      table.pause === undefined && dice.chance(0.5) ? pauseTable(table, pause) : resumeTable(table),
    )
  }

  async function block(): Promise<void> {
    const table = await anyTable()
    if (table === undefined) return
    const now = clock.now()
    const operations = dice.chance(0.8) ? (['optimize'] as const) : (['batch-write'] as const)
    const blockerId = `${now}/${openProcessId(table) ?? 'none'}`
    const ttlMs = dice.between(1000, 120_000)
    const asked = { blockerId, tableId: table.tableId, operations, properties: {}, createdAt: now, ttlMs }
    await stores.blockers.addBlocker(asked)
  }

  async function pauseGroup(paused: boolean): Promise<void> {
    const group = await stores.groups.findGroup('default')
    if (group !== undefined)
      await stores.groups.saveGroup({ ...group, properties: { ...group.properties, paused: String(paused) } })
  }

  for (;;) {
    await clock.sleep(dice.between(5000, 90_000))
    if (isOver()) break
    await dice.pick(acts)?.()
  }
  await pauseGroup(false)
  for (const { tableId } of await listTables()) await resume(stores, tableId)
}

/** Somebody else may change the table in between. */
async function resume(
  { state, tables }: Pick<Stores, 'state' | 'tables'>,
  tableId: Parameters<Stores['tables']['findTable']>[0],
) {
  for (;;) {
    const table = await tables.findTable(tableId)
    if (table?.pause === undefined) return
    if ((await state.apply(resumeTable(table))).kind === 'applied') return
  }
}
