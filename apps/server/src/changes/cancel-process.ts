import type { ProcessId } from '@moraine/lifecycle/identity'
import { decideCancel } from '@moraine/management/optimizing/settle-process'
import type { StateChange } from '@moraine/management/store/state-change'
import type { Stores } from '@moraine/management/store/stores'
import type { Clock } from '@moraine/stdx/clock'
import { applyDecision } from './apply-decision.ts'
import { loadOpenProcess } from './load-open-process.ts'

/** `committing`: what has succeeded is still committed, or the commit could not be stopped any more. */
export type CancelAnswer = 'canceled' | 'committing' | 'too-late' | 'ended' | 'no-such-process'

/** Ends a process on a person's request. */
export async function cancelProcess(
  stores: Pick<Stores, 'state' | 'processes' | 'tables' | 'tasks'>,
  clock: Clock,
  processId: ProcessId,
): Promise<CancelAnswer> {
  type Decision = { readonly answer: CancelAnswer; readonly changes: readonly StateChange[] }
  const { answer } = await applyDecision(stores.state, `process ${processId}`, async (): Promise<Decision> => {
    const open = await loadOpenProcess(stores, processId)
    if (open === undefined) return { answer: 'no-such-process', changes: [] }
    const decision = decideCancel(open, 'canceled by a person', clock.now())
    return decision.kind === 'refused'
      ? { answer: decision.why === 'committing' ? 'too-late' : 'ended', changes: [] }
      : { answer: decision.kind, changes: decision.changes }
  })
  return answer
}
