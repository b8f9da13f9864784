import { hostname } from 'node:os'
import type { Clock } from '@moraine/stdx/clock'
import type { Registry } from 'prom-client'
import type { LastRun } from '../background/reconciler.ts'
import { gaugesOf, type ReadMetrics } from './read-metrics.ts'

export type ServerMetricsDeps = {
  readonly lastRuns: () => Readonly<Record<string, LastRun | undefined>>
  readonly facts: { isLeader(): boolean }
  readonly clock: Pick<Clock, 'now'>
}

const FOLLOWER = 1
const LEADER = 2

/** What this server does: whether it leads, and how its background work goes. */
export function serverMetrics(registry: Registry, { lastRuns, facts, clock }: ServerMetricsDeps): ReadMetrics {
  const state = gaugesOf(registry, ['service_state']).gauge(
    'amoro_ams_ha_state',
    '2 if this server leads, 1 if another does',
  )
  const { gauge, reset } = gaugesOf(registry, ['reconciler'])
  const failing = gauge('moraine_reconciler_failing', '1 if the last run failed')
  const elapsed = gauge('moraine_reconciler_last_run_milliseconds', 'How long the last run took')
  const since = gauge('moraine_reconciler_since_last_run_milliseconds', 'Since the last run began')
  return async () => {
    reset()
    state.set({ service_state: hostname() }, facts.isLeader() ? LEADER : FOLLOWER)
    for (const [reconciler, run] of Object.entries(lastRuns())) {
      if (run === undefined) continue
      failing.set({ reconciler }, run.failure === undefined ? 0 : 1)
      elapsed.set({ reconciler }, run.elapsedMs)
      since.set({ reconciler }, clock.now() - run.at)
    }
  }
}
