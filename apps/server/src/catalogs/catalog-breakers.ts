import {
  type Admission,
  admission,
  type BreakerEvent,
  type CatalogBreaker,
  type CatalogOutage,
  CLOSED,
  moveBreaker,
  outageOf,
} from '@moraine/management/catalogs/catalog-breaker'
import { type EpochMs, earliest } from '@moraine/stdx/brand'
import { type Clock, momentOf } from '@moraine/stdx/clock'
import type { Log } from '../service/log.ts'

/**
 * The breakers of the catalogs that others keep, shared by all that works on tables. Known to this server alone: after a
 * restart a catalog that is away is found to be so by a few calls.
 */
export type CatalogBreakers = {
  admission(catalog: string): Admission
  /** Work begins that was admitted; what is returned says that it has ended. */
  begin(catalog: string): () => void
  answered(catalog: string): void
  unanswered(catalog: string, reason: string): void
  /** There is reason to think that it answers: it is tried now. */
  hurry(catalog: string): void
  /** Catalogs that no work is begun for, now. */
  refused(): readonly string[]
  /** When the next of them is tried. */
  nextTryAt(): EpochMs | undefined
  outages(): readonly CatalogOutage[]
  /** Others are not registered any more. */
  keepOnly(catalogs: ReadonlySet<string>): void
  /** Called when a catalog answers again. */
  onAnswer(tell: (catalog: string) => void): void
}

export type CatalogBreakersDeps = { readonly clock: Pick<Clock, 'now' | 'monotonicMs'>; readonly log: Log }

export function catalogBreakers({ clock, log }: CatalogBreakersDeps): CatalogBreakers {
  // Only of those that do not answer.
  const breakers = new Map<string, CatalogBreaker>()
  const listeners: ((catalog: string) => void)[] = []
  const moment = () => momentOf(clock)
  const move = (catalog: string, event: BreakerEvent) => {
    const before = breakers.get(catalog) ?? CLOSED
    const after = moveBreaker(before, event, moment())
    if (after.silence === undefined) breakers.delete(catalog)
    else breakers.set(catalog, after)
    if (before.kind === 'closed' && after.kind === 'open') {
      log.warn({ catalog, ...after.silence }, 'a catalog does not answer and is left alone for a while')
    } else if (before.kind !== 'closed' && after.kind === 'closed') {
      log.info({ catalog, ...before.silence }, 'a catalog answers again')
      for (const tell of listeners) tell(catalog)
    }
  }
  const outages = () => [...breakers].flatMap(([catalog, breaker]) => outageOf(catalog, breaker, moment()) ?? [])
  const admissionOf = (catalog: string) => admission(breakers.get(catalog) ?? CLOSED, moment())
  return {
    admission: admissionOf,
    begin(catalog) {
      move(catalog, { kind: 'begun' })
      const begun = breakers.get(catalog)
      return () => {
        // Not of one that was tried again since.
        if (breakers.get(catalog) === begun) move(catalog, { kind: 'ended' })
      }
    },
    answered: (catalog) => move(catalog, { kind: 'answered' }),
    unanswered: (catalog, reason) => move(catalog, { kind: 'unanswered', reason }),
    hurry: (catalog) => move(catalog, { kind: 'hurried' }),
    refused: () => [...breakers.keys()].filter((catalog) => admissionOf(catalog) === 'none'),
    nextTryAt() {
      const now = clock.now()
      return earliest(outages().flatMap(({ tryAt }) => (tryAt > now ? [tryAt] : [])))
    },
    outages,
    keepOnly(catalogs) {
      for (const catalog of breakers.keys()) if (!catalogs.has(catalog)) breakers.delete(catalog)
    },
    onAnswer: (tell) => void listeners.push(tell),
  }
}
