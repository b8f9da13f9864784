import type { DroppedPointer } from '@moraine/catalogs/internal/dropped-pointers'
import type { Stores } from '@moraine/management/store/stores'
import type { Clock } from '@moraine/stdx/clock'
import { withinDeadline } from '@moraine/stdx/deadline'
import { describeError, isKind } from '@moraine/stdx/error'
import type { FindOpened } from '../catalogs/open-catalogs.ts'
import type { Log } from '../service/log.ts'
import { PURGE_INTERVAL_MS, type PurgeDeps, purgeDropped } from '../table-work/purge-dropped.ts'
import { type Reconciler, reconciler } from './reconciler.ts'

const BATCH = 10
/** One that takes longer makes room for the others, and goes on the next time. */
const PURGE_DEADLINE_MS = 30 * 60_000
/** One may be a large table; a catalog with more of them is waited for no longer in this round. */
const SILENCES_MAX = 2

export type PurgerDeps = {
  readonly stores: Pick<Stores, 'drops'>
  /** As {@link PurgeDeps.checkLeads}. */
  readonly checkLeads: () => void
  readonly catalogs: FindOpened
  readonly others: PurgeDeps['others']
  readonly clock: Clock
  readonly log: Log
}

/**
 * Ends the keeping of dropped tables: forgets those whose time is over, and removes the files of those that ask for it. One
 * that fails is looked at again a round later; the others do not wait for it.
 */
export function purger(deps: PurgerDeps): Reconciler<never> {
  const { stores, checkLeads, clock, log } = deps
  return reconciler({
    name: 'purger',
    intervalMs: PURGE_INTERVAL_MS,
    clock,
    log,
    async run(_work, signal) {
      const silences = new Map<string, number>()
      // They come first in what is due, and stay there.
      let left = 0
      for (;;) {
        const due = await stores.drops.listDueDrops(clock.now(), { offset: left, limit: BATCH })
        for (const dropped of due) {
          if (signal.aborted) return {}
          checkLeads()
          const { dropId, catalog, name } = dropped
          const silent = silences.get(catalog) ?? 0
          if (silent < SILENCES_MAX || !dropped.purgesFiles) {
            const failure = await tryPurge(deps, dropped, signal)
            if (failure === undefined) continue
            if (failure.isSilence) silences.set(catalog, silent + 1)
            log.warn({ dropId, name, failure: failure.reason }, 'a purge failed')
          }
          left += 1
        }
        if (due.length < BATCH) return {}
      }
    },
  })
}

/** Why a dropped table is still there; `undefined` if it is not. */
async function tryPurge(
  { stores, catalogs, others, checkLeads, clock, log }: PurgerDeps,
  dropped: DroppedPointer,
  signal: AbortSignal,
): Promise<{ readonly reason: string; readonly isSilence: boolean } | undefined> {
  const { catalog, namespace, name } = dropped
  try {
    const limit = { ms: PURGE_DEADLINE_MS, what: `purging ${name}`, signal }
    const outcome = await withinDeadline(clock, limit, async (inner) => {
      const { io, placement } = await catalogs(catalog, inner)
      const { warehouse } = placement
      return purgeDropped(dropped, { io, drops: stores.drops, others, clock, warehouse, checkLeads }, inner)
    })
    const facts = { catalog, namespace, name, ...outcome }
    if (outcome.kept === undefined) log.info(facts, 'a dropped table was purged')
    else log.warn(facts, 'a dropped table was forgotten, and its files stay')
    return undefined
  } catch (error) {
    if (signal.aborted) throw error
    return { reason: describeError(error), isSilence: isKind(error, 'timeout') }
  }
}
