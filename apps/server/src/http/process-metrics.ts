import type { Stores } from '@moraine/management/store/stores'
import { Counter, type Registry } from 'prom-client'
import type { EndedProcesses } from './ended-processes.ts'
import type { ReadMetrics } from './read-metrics.ts'

export type ProcessMetricsDeps = { readonly stores: Pick<Stores, 'processes'>; readonly ended: EndedProcesses }

/** Optimizing of all tables since this server started, however many tables there are. Has to be read before tables are. */
export function processMetrics(registry: Registry, { stores, ended }: ProcessMetricsDeps): ReadMetrics {
  const counter = (name: string, help: string, labelNames: readonly string[]) =>
    new Counter({ name: `moraine_optimizing_${name}_total`, help, labelNames, registers: [registry] })
  const processes = counter('processes', 'Processes that ended since this server started', ['type', 'outcome'])
  const input = counter('input_bytes', 'Bytes of files that committed processes replaced', ['type'])
  const output = counter('output_bytes', 'Bytes of files that committed processes wrote', ['type'])
  const uncounted = counter('uncounted_processes', 'Processes that ended and are in no count', [])
  return async () => {
    for (const metric of [processes, input, output, uncounted]) metric.reset()
    await ended.settle(stores.processes)
    uncounted.inc(ended.uncounted())
    for (const [type, totals] of Object.entries(ended.totals())) {
      for (const outcome of ['succeeded', 'failed', 'canceled'] as const)
        processes.inc({ type, outcome }, totals[outcome])
      input.inc({ type }, totals.inputBytes)
      output.inc({ type }, totals.outputBytes)
    }
  }
}
