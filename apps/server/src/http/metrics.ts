import { Counter, collectDefaultMetrics, Registry } from 'prom-client'
import { type AllocationMetricsDeps, allocationMetrics } from './allocation-metrics.ts'
import { type CatalogMetricsDeps, catalogMetrics } from './catalog-metrics.ts'
import { type GroupMetricsDeps, groupMetrics } from './group-metrics.ts'
import { type ProcessMetricsDeps, processMetrics } from './process-metrics.ts'
import { type ServerMetricsDeps, serverMetrics } from './server-metrics.ts'
import { type TableMetricsDeps, tableMetrics } from './table-metrics.ts'

export type MetricsDeps = GroupMetricsDeps &
  AllocationMetricsDeps &
  TableMetricsDeps &
  ProcessMetricsDeps &
  CatalogMetricsDeps &
  ServerMetricsDeps

/**
 * The metrics of the service, read from the records at each scrape: with the names of Amoro's dashboards where they
 * exist, ours with the prefix `moraine_`.
 */
export function serviceMetrics(deps: MetricsDeps): ServiceMetrics {
  const registry = new Registry()
  const readers = [
    processMetrics(registry, deps),
    tableMetrics(registry, deps),
    groupMetrics(registry, deps),
    allocationMetrics(registry, deps),
    catalogMetrics(registry, deps),
    serverMetrics(registry, deps),
  ]
  const own = registry.getMetricsAsArray().map((metric) => describe(metric))
  collectDefaultMetrics({ register: registry })
  const scrape = async () => {
    for (const read of readers) await read()
    return registry.metrics()
  }
  // Two at a time would count twice what each sets anew.
  let underWay: Promise<string> | undefined
  return {
    contentType: registry.contentType,
    own,
    scrape() {
      underWay ??= scrape().finally(() => {
        underWay = undefined
      })
      return underWay
    },
  }
}

export type ServiceMetrics = {
  readonly contentType: string
  /** All but those of the Node.js process. */
  readonly own: readonly MetricDescription[]
  /** Whoever asks while one is under way has that one. */
  scrape(): Promise<string>
}

export type MetricDescription = {
  readonly name: string
  readonly type: 'counter' | 'gauge'
  readonly labels: readonly string[]
  readonly help: string
}

/** The names of labels are there, though the library's types do not tell. */
function describe(metric: object & { readonly name: string; readonly help: string }): MetricDescription {
  const labels = 'labelNames' in metric && Array.isArray(metric.labelNames) ? metric.labelNames.map(String) : []
  return { name: metric.name, type: metric instanceof Counter ? 'counter' : 'gauge', labels, help: metric.help }
}
