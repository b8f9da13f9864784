import { withheldReason } from '@moraine/management/optimizing/assign-task'
import type { Stores } from '@moraine/management/store/stores'
import { WITHHELD_MAX } from '../../waiting/planned-ahead.ts'

/**
 * Why no more tables of a catalog are planned in a group: it gives no access to the files of so many that are. From the
 * records, so that each server tells the same. `undefined` if it does.
 */
export async function findRefusal(
  { tasks }: Pick<Stores, 'tasks'>,
  group: string,
  catalog: string,
): Promise<string | undefined> {
  const waiting = (await tasks.listDispatchable(group)).filter((process) => process.catalog === catalog)
  if (waiting.length < WITHHELD_MAX) return undefined
  const reasons: string[] = []
  for (const { processId } of waiting.slice(0, LOOKED_AT)) {
    const [next] = await tasks.listPlanned(processId, 1)
    const reason = next && withheldReason(next)
    if (reason !== undefined) reasons.push(reason)
  }
  return reasons.length < WITHHELD_MAX ? undefined : reasons[0]
}

const LOOKED_AT = 2 * WITHHELD_MAX
