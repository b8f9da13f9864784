import type { TablePhase } from '@moraine/lifecycle/table-phase'
import { activeThreads } from '@moraine/management/resources/optimizer'
import type { Stores } from '@moraine/management/store/stores'
import type { ManagedTable } from '@moraine/management/tables/managed-table'
import { databaseName } from '@moraine/management/tables/table-name'
import type { Clock } from '@moraine/stdx/clock'
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { LastRun } from '../background/reconciler.ts'

export type MetricsDeps = {
  readonly stores: Pick<Stores, 'tables' | 'tasks' | 'optimizers' | 'groups'>
  readonly lastRuns: () => Readonly<Record<string, LastRun | undefined>>
  readonly clock: Clock
}

/** Tables beyond this have no series of their own; `moraine_tables_without_series` says how many. */
const TABLE_SERIES_MAX = 5000

/**
 * The metrics of the service, read from the records at each scrape: with the names of Amoro's dashboards where they
 * exist, ours with the prefix `moraine_`.
 */
export function serviceMetrics(deps: MetricsDeps): ServiceMetrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const readers = [groupMetrics(registry, deps), tableMetrics(registry, deps), reconcilerMetrics(registry, deps)]
  return {
    contentType: registry.contentType,
    async scrape() {
      for (const read of readers) await read()
      return registry.metrics()
    },
  }
}

export type ServiceMetrics = { readonly contentType: string; scrape(): Promise<string> }

/** Sets gauges to what the records say now. */
type ReadMetrics = () => Promise<void>

const PHASE_NAMES = {
  idle: 'idle',
  pending: 'pending',
  // Amoro's spelling.
  planning: 'planing',
  executing: 'executing',
  committing: 'committing',
} as const satisfies Record<TablePhase, string>

function groupMetrics(registry: Registry, { stores }: MetricsDeps): ReadMetrics {
  const { gauge, reset } = gaugesOf(registry, ['group'])
  const tables = Object.fromEntries(
    Object.entries(PHASE_NAMES).map(([phase, name]) => [
      phase,
      gauge(`amoro_optimizer_group_${name}_tables`, `Tables of the group in phase ${phase}`),
    ]),
  )
  const pendingTasks = gauge('amoro_optimizer_group_pending_tasks', 'Tasks that no thread has taken')
  const executingTasks = gauge('amoro_optimizer_group_executing_tasks', 'Tasks that are with a thread')
  const instances = gauge('amoro_optimizer_group_optimizer_instances', 'Optimizers that are alive')
  const memory = gauge('amoro_optimizer_group_memory_bytes_allocated', 'Memory of these optimizers')
  const threads = gauge('amoro_optimizer_group_threads', 'Threads that may be given tasks')
  return async () => {
    reset()
    const counts = await stores.tables.countPhases()
    const tasks = await stores.tasks.countGroupTasks()
    const live = await stores.optimizers.listLiveOptimizers()
    for (const { name: group } of await stores.groups.listGroups()) {
      const own = live.filter((optimizer) => optimizer.group === group)
      const tasksIn = (...statuses: readonly string[]) =>
        tasks.reduce((sum, each) => sum + (each.group === group && statuses.includes(each.status) ? each.tasks : 0), 0)
      for (const [phase, phaseGauge] of Object.entries(tables)) {
        const found = counts.find((count) => count.group === group && count.phase === phase)
        phaseGauge.set({ group }, found?.tables ?? 0)
      }
      pendingTasks.set({ group }, tasksIn('planned'))
      executingTasks.set({ group }, tasksIn('scheduled', 'acked'))
      instances.set({ group }, own.length)
      memory.set({ group }, own.reduce((sum, { memoryMb }) => sum + memoryMb, 0) * 1024 * 1024)
      threads.set({ group }, activeThreads(own))
    }
  }
}

function tableMetrics(registry: Registry, { stores, clock }: MetricsDeps): ReadMetrics {
  const { gauge, reset } = gaugesOf(registry, ['catalog', 'database', 'table', 'group'])
  const inPhase = Object.keys(PHASE_NAMES).map((phase) => ({
    phase,
    is: gauge(`amoro_table_optimizing_status_in_${phase}`, `1 while the table is in phase ${phase}`),
    since: gauge(`amoro_table_optimizing_status_${phase}_duration_mills`, `Milliseconds in phase ${phase} so far`),
  }))
  const figures = TABLE_FIGURES.map(({ name, help, read }) => ({ read, gauge: gauge(name, help) }))
  const withoutSeries = new Gauge({
    name: 'moraine_tables_without_series',
    help: `Tables beyond the ${TABLE_SERIES_MAX} that have series of their own`,
    registers: [registry],
  })
  const sinceLast = gauge(
    'amoro_table_optimizing_since_last_optimization_mills',
    'Milliseconds since the last success; -1 if there was none',
  )
  return async () => {
    reset()
    const tables = await stores.tables.listTables({ limit: TABLE_SERIES_MAX })
    const all = (await stores.tables.countPhases()).reduce((sum, count) => sum + count.tables, 0)
    withoutSeries.set(Math.max(0, all - tables.length))
    for (const table of tables) {
      const labels = labelsOf(table)
      for (const { phase, is, since } of inPhase) {
        const isIn = table.state.phase === phase
        is.set(labels, isIn ? 1 : 0)
        since.set(labels, isIn ? clock.now() - table.state.since : 0)
      }
      for (const { read, gauge: figure } of figures) figure.set(labels, read(table))
      sinceLast.set(labels, table.optimizedAt === undefined ? -1 : clock.now() - table.optimizedAt)
    }
  }
}

type TableFigure = { readonly name: string; readonly help: string; readonly read: (table: ManagedTable) => number }

const TABLE_FIGURES: readonly TableFigure[] = [
  {
    name: 'amoro_table_summary_health_score',
    help: 'Health, 0 to 100; -1 if not computed yet',
    read: ({ evaluation }) => evaluation?.health?.total ?? -1,
  },
  {
    name: 'amoro_table_summary_data_files',
    help: 'Data files',
    read: ({ evaluation }) => evaluation?.totals.dataFiles ?? 0,
  },
  {
    name: 'amoro_table_summary_data_files_size',
    help: 'Bytes of data files',
    read: ({ evaluation }) => evaluation?.totals.dataBytes ?? 0,
  },
  {
    name: 'amoro_table_summary_data_records',
    help: 'Records in data files',
    read: ({ evaluation }) => evaluation?.totals.records ?? 0,
  },
  {
    name: 'amoro_table_summary_equality_delete_files',
    help: 'Equality delete files',
    read: ({ evaluation }) => evaluation?.totals.equalityDeleteFiles ?? 0,
  },
  {
    name: 'amoro_table_summary_position_delete_files',
    help: 'Position delete files and deletion vectors',
    read: ({ evaluation }) => evaluation?.totals.positionDeleteFiles ?? 0,
  },
]

function reconcilerMetrics(registry: Registry, { lastRuns, clock }: MetricsDeps): ReadMetrics {
  const { gauge, reset } = gaugesOf(registry, ['reconciler'])
  const failing = gauge('moraine_reconciler_failing', '1 if the last run failed')
  const elapsed = gauge('moraine_reconciler_last_run_milliseconds', 'How long the last run took')
  const since = gauge('moraine_reconciler_since_last_run_milliseconds', 'Since the last run began')
  return async () => {
    reset()
    for (const [reconciler, run] of Object.entries(lastRuns())) {
      if (run === undefined) continue
      failing.set({ reconciler }, run.failure === undefined ? 0 : 1)
      elapsed.set({ reconciler }, run.elapsedMs)
      since.set({ reconciler }, clock.now() - run.at)
    }
  }
}

/** Gauges with one set of labels, reset together: a table that is gone must not keep its last figures. */
function gaugesOf(registry: Registry, labelNames: readonly string[]) {
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

function labelsOf({ name, settings }: ManagedTable): Readonly<Record<string, string>> {
  return {
    catalog: name.catalog,
    database: databaseName(name.namespace),
    table: name.name,
    group: settings.group,
  }
}
