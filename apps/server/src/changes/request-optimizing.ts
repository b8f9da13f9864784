import type { TableId } from '@moraine/lifecycle/identity'
import type { OptimizeRequest } from '@moraine/management/records/optimize-request'
import type { StateChange } from '@moraine/management/store/state-change'
import type { Stores } from '@moraine/management/store/stores'
import { decideRequest } from '@moraine/management/tables/decide-request'
import type { Clock } from '@moraine/stdx/clock'
import { applyDecision } from './apply-decision.ts'

export type RequestAnswer = 'accepted' | 'disabled' | 'busy' | 'asked-otherwise' | 'no-such-table'

/** Has a table optimized now, on a person's request. */
export async function requestOptimizing(
  { state, tables }: Pick<Stores, 'state' | 'tables'>,
  clock: Clock,
  tableId: TableId,
  request: Omit<OptimizeRequest, 'requestedAt'>,
): Promise<RequestAnswer> {
  type Decision = { readonly answer: RequestAnswer; readonly changes: readonly StateChange[] }
  const { answer } = await applyDecision(state, `table ${tableId}`, async (): Promise<Decision> => {
    const table = await tables.findTable(tableId)
    if (table === undefined) return { answer: 'no-such-table', changes: [] }
    const now = clock.now()
    const decision = decideRequest(table, { ...request, requestedAt: now }, now)
    return decision.kind === 'accepted'
      ? { answer: 'accepted', changes: decision.changes }
      : { answer: decision.why, changes: [] }
  })
  return answer
}
