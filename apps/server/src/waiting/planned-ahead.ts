import type { DispatchableProcess } from '@moraine/management/records/process-store'
import type { ResourceGroup } from '@moraine/management/records/resource-group'
import type { Stores } from '@moraine/management/store/stores'
import type { HoldFinder } from './hold-finder.ts'

export type PlannedAheadDeps = {
  readonly stores: Pick<Stores, 'tasks'>
  readonly findHolds: HoldFinder
  /** Whether the tasks of a table are handed to nobody for now, since its files cannot be reached. */
  readonly isWithheld: (table: TableToReach) => boolean
}

export type TableToReach = Pick<DispatchableProcess, 'tableId' | 'catalog'>

/** So many processes of one catalog wait for access to files before no more of its tables are planned: plans grow stale. */
export const WITHHELD_MAX = 10

/** What a group has planned, of what can be handed out at all. */
export type PlannedAhead = {
  /** Of each a task could be handed out, were there a thread within the quota of its table. */
  readonly ready: readonly DispatchableProcess[]
  /** Catalogs of which {@link WITHHELD_MAX} processes or more are handed to nobody. */
  readonly withholding: readonly string[]
}

export async function plannedAhead(
  { stores, findHolds, isWithheld }: PlannedAheadDeps,
  group: ResourceGroup,
): Promise<PlannedAhead> {
  const dispatchable = await stores.tasks.listDispatchable(group.name)
  const holds = await findHolds(group, dispatchable)
  const free = dispatchable.filter(({ tableId }) => !holds.has(tableId))
  const { withheld = [], ready = [] } = Object.groupBy(free, (process) => (isWithheld(process) ? 'withheld' : 'ready'))
  const byCatalog = Map.groupBy(withheld, ({ catalog }) => catalog)
  return {
    ready,
    withholding: [...byCatalog].flatMap(([catalog, some]) => (some.length < WITHHELD_MAX ? [] : catalog)).sort(),
  }
}
