import { endOptimizer } from '@moraine/management/resources/deadlines'
import type { Optimizer } from '@moraine/management/resources/optimizer'
import type { Stores } from '@moraine/management/store/stores'
import type { Clock } from '@moraine/stdx/clock'
import { applyDecision } from './apply-decision.ts'

/** Ends registrations whose process is known to be gone, so that their tasks go to others without waiting for a timeout. */
export async function endOptimizers(
  { state, optimizers }: Pick<Stores, 'state' | 'optimizers'>,
  clock: Clock,
  { reason, isGone }: { readonly reason: string; readonly isGone: (optimizer: Optimizer) => boolean },
): Promise<void> {
  await applyDecision(state, 'optimizers that are gone', async () => {
    const gone = (await optimizers.listLiveOptimizers()).filter(isGone)
    return { changes: gone.flatMap((optimizer) => endOptimizer(optimizer, reason, clock.now())) }
  })
}
