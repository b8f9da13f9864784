import type { Stores } from '@moraine/management/store/stores'
import type { Clock } from '@moraine/stdx/clock'
import { withinDeadline } from '@moraine/stdx/deadline'
import { describeError } from '@moraine/stdx/error'
import type { OpenCatalogs } from '../catalogs/open-catalogs.ts'
import type { Log } from '../service/log.ts'
import { type PurgeDeps, purgeDropped } from '../table-work/purge-dropped.ts'
import { type Reconciler, reconciler } from './reconciler.ts'

const INTERVAL_MS = 60_000
const BATCH = 10
/** One that takes longer makes room for the others, and goes on the next time. */
const PURGE_DEADLINE_MS = 30 * 60_000

export type PurgerDeps = {
  readonly stores: Pick<Stores, 'drops'>
  /** As {@link PurgeDeps.checkLeads}. */
  readonly checkLeads: () => void
  readonly catalogs: OpenCatalogs
  readonly others: PurgeDeps['others']
  readonly clock: Clock
  readonly log: Log
}

/** Ends the keeping of dropped tables: forgets those whose time is over, and removes the files of those that ask for it. */
export function purger({ stores, catalogs, others, checkLeads, clock, log }: PurgerDeps): Reconciler<never> {
  return reconciler({
    name: 'purger',
    intervalMs: INTERVAL_MS,
    clock,
    log,
    async run(_work, signal) {
      const failed = new Set<string>()
      while (!signal.aborted) {
        const due = await stores.drops.listDueDrops(clock.now(), BATCH + failed.size)
        const next = due.filter(({ dropId }) => !failed.has(dropId))
        if (next.length === 0) break
        for (const dropped of next) {
          try {
            const what = `purging ${dropped.name}`
            const outcome = await withinDeadline(clock, { ms: PURGE_DEADLINE_MS, what, signal }, async (inner) => {
              const { io, placement } = await catalogs(dropped.catalog, inner)
              const { warehouse } = placement
              return purgeDropped(dropped, { io, drops: stores.drops, others, clock, warehouse, checkLeads }, inner)
            })
            const { catalog, namespace, name } = dropped
            const facts = { catalog, namespace, name, ...outcome }
            if (outcome.kept === undefined) log.info(facts, 'a dropped table was purged')
            else log.warn(facts, 'a dropped table was forgotten, and its files stay')
          } catch (error) {
            // Looked at again the next time; the others do not wait for it.
            failed.add(dropped.dropId)
            log.warn({ dropId: dropped.dropId, name: dropped.name, failure: describeError(error) }, 'a purge failed')
          }
        }
      }
      return {}
    },
  })
}
