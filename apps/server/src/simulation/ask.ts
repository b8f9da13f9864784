import type { Stores } from '@moraine/management/store/stores'
import { decideRequest } from '@moraine/management/tables/decide-request'
import type { VirtualClock } from '@moraine/testkit/virtual-clock'
import type { Dice } from './dice.ts'

/**
 * People who want tables, or some of their partitions, optimized now, and ask another server than the one that leads: it
 * is not told. What they ask for may be there or not.
 */
export async function askForTables(
  stores: Pick<Stores, 'state' | 'tables'>,
  { dice, clock }: { readonly dice: Dice; readonly clock: VirtualClock },
  isOver: () => boolean,
): Promise<void> {
  for (;;) {
    await clock.sleep(dice.between(2000, 60_000))
    if (isOver()) return
    const table = dice.pick(await stores.tables.listTables({ limit: 100 }))
    const type = dice.pick(['auto', 'auto', 'minor', 'full'] as const)
    if (table === undefined || type === undefined) continue
    const partitions = PARTITIONS.filter(() => dice.chance(0.4))
    const request = { type, requestedAt: clock.now(), ...(partitions.length > 0 && { partitions }) }
    const decision = decideRequest(table, request, clock.now())
    if (decision.kind === 'accepted') await stores.state.apply(decision.changes)
  }
}

const PARTITIONS = ['a', 'b', 'c', 'd']
