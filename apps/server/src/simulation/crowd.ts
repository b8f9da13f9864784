import type { ManagedTable } from '@moraine/management/records/managed-table'
import type { ResourceGroup } from '@moraine/management/records/resource-group'
import type { TableSettings } from '@moraine/management/records/table-settings'
import type { Stores } from '@moraine/management/store/stores'
import { pauseTable } from '@moraine/management/tables/pause-table'
import type { VirtualClock } from '@moraine/testkit/virtual-clock'
import type { Dice } from './dice.ts'
import type { SimulatedTable } from './lake.ts'

/** What keeps a table from being worked on through the quiet time. */
export type LastingHold = 'paused' | 'blocked' | 'access refused' | 'no quota'

/** Some twenty to forty tables that share few threads, some of them held for good. */
export type Crowd = {
  readonly groups: readonly ResourceGroup[]
  readonly tables: readonly CrowdTable[]
  /** Of each optimizer its threads, and its group. */
  readonly optimizers: readonly { readonly group: string; readonly threads: number }[]
}

export type CrowdTable = {
  readonly name: string
  readonly settings: TableSettings
  readonly hold: LastingHold | undefined
  /** Of the storm. */
  readonly heldAfterMs: number
}

export function drawCrowd(dice: Dice, settingsOf: (dice: Dice) => TableSettings, stormMs: number): Crowd {
  const names = dice.chance(0.5) ? ['default'] : ['default', 'second']
  const heldShare = dice.pick([0.2, 0.4, 0.6]) ?? 0.2
  return {
    groups: names.map((name) => ({ name, container: 'local', properties: {} })),
    tables: Array.from({ length: dice.between(20, 40) }, (_, index): CrowdTable => {
      const hold = dice.chance(heldShare) ? dice.pick(HOLDS) : undefined
      const quota = hold === 'no quota' ? 0 : dice.pick([0.01, 0.5, 1, 2, 3])
      const settings = { ...settingsOf(dice), group: dice.pick(names) ?? 'default', quota: quota ?? 1 }
      return { name: `t${index}`, settings, hold, heldAfterMs: dice.between(stormMs / 2, stormMs) }
    }),
    optimizers: names.flatMap((group) =>
      Array.from({ length: dice.between(1, 2) }, () => ({ group, threads: dice.between(1, 2) })),
    ),
  }
}

const HOLDS: readonly LastingHold[] = ['paused', 'blocked', 'access refused', 'no quota']

const FOR_GOOD_MS = 30 * 24 * 3_600_000

/** Somebody holds the table when its time has come, and does not let go. */
export async function holdForGood(
  { stores, clock }: { readonly stores: Stores; readonly clock: VirtualClock },
  table: SimulatedTable,
  { hold, heldAfterMs }: CrowdTable,
): Promise<void> {
  await clock.sleep(heldAfterMs)
  if (hold === 'access refused') table.refusesAccess = true
  if (hold !== 'paused' && hold !== 'blocked') return
  for (;;) {
    const managed = await stores.tables.findTableByName(table.name)
    if (managed !== undefined && (await isTaken(stores, managed, hold, clock))) return
    await clock.sleep(1000)
  }
}

async function isTaken(
  { state, blockers }: Stores,
  table: ManagedTable,
  hold: 'paused' | 'blocked',
  clock: VirtualClock,
): Promise<boolean> {
  const now = clock.now()
  if (hold === 'paused') return (await state.apply(pauseTable(table, { since: now, by: 'olga' }))).kind === 'applied'
  const { tableId } = table
  const lease = { blockerId: `for good/${tableId}`, tableId, operations: ['optimize'] as const, properties: {} }
  const added = await blockers.addBlocker({ ...lease, createdAt: now, ttlMs: FOR_GOOD_MS })
  return added.kind === 'added'
}
