import type { TableId } from '@moraine/lifecycle/identity'
import type { DispatchableProcess } from '@moraine/management/optimizing/process-store'
import type { ResourceGroup } from '@moraine/management/resources/resource-group'
import type { Stores } from '@moraine/management/store/stores'
import type { HoldFinder } from './hold-finder.ts'

export type ReadyProcessesDeps = {
  readonly stores: Pick<Stores, 'tasks'>
  readonly findHolds: HoldFinder
  /** Whether the tasks of a table are handed to nobody for now, since its files cannot be reached. */
  readonly isWithheld: (tableId: TableId) => boolean
}

/** Processes of a group of which a task could be handed out, were there a thread within the quota of its table. */
export async function readyProcesses(
  { stores, findHolds, isWithheld }: ReadyProcessesDeps,
  group: ResourceGroup,
): Promise<readonly DispatchableProcess[]> {
  const dispatchable = await stores.tasks.listDispatchable(group.name)
  const holds = await findHolds(group, dispatchable)
  return dispatchable.filter(({ tableId }) => !holds.has(tableId) && !isWithheld(tableId))
}
