import { Gauge, type Registry } from 'prom-client'

/** Sets metrics to what the records say now. */
export type ReadMetrics = () => Promise<void>

/** Gauges with one set of labels, reset together: a table that is gone must not keep its last figures. */
export function gaugesOf(registry: Registry, labelNames: readonly string[]) {
  const gauges: Gauge[] = []
  return {
    gauge(name: string, help: string): Gauge {
      const gauge = new Gauge({ name, help, labelNames, registers: [registry] })
      gauges.push(gauge)
      return gauge
    },
    reset() {
      for (const gauge of gauges) gauge.reset()
    },
  }
}
