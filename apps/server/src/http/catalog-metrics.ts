import type { CatalogOutage } from '@moraine/management/catalogs/catalog-breaker'
import type { Clock } from '@moraine/stdx/clock'
import type { Registry } from 'prom-client'
import { gaugesOf, type ReadMetrics } from './read-metrics.ts'

export type CatalogMetricsDeps = {
  readonly outages: () => readonly CatalogOutage[]
  readonly clock: Pick<Clock, 'now'>
}

/** Of catalogs that this server leaves alone, since they do not answer. Those that answer have no series. */
export function catalogMetrics(registry: Registry, { outages, clock }: CatalogMetricsDeps): ReadMetrics {
  const { gauge, reset } = gaugesOf(registry, ['catalog'])
  const open = gauge(
    'moraine_catalog_breaker_open',
    '1 while work on the tables of the catalog waits, since it does not answer; of the server that leads',
  )
  const calls = gauge('moraine_catalog_unanswered_calls', 'Calls in a row that it did not answer')
  const since = gauge('moraine_catalog_since_first_unanswered_call_milliseconds', 'Since the first of them')
  const until = gauge('moraine_catalog_until_next_try_milliseconds', 'Until it is tried again; 0 while it is')
  return async () => {
    reset()
    for (const outage of outages()) {
      const labels = { catalog: outage.catalog }
      open.set(labels, 1)
      calls.set(labels, outage.calls)
      since.set(labels, clock.now() - outage.since)
      until.set(labels, outage.tryAt - clock.now())
    }
  }
}
