import { TABLE_TRANSITIONS } from '@moraine/lifecycle/table-phase'
import type { ManagedTable } from '@moraine/management/records/managed-table'
import type { TableEvaluation } from '@moraine/management/records/table-evaluation'
import { databaseName } from '@moraine/management/records/table-name'
import type { Stores } from '@moraine/management/store/stores'
import type { Clock } from '@moraine/stdx/clock'
import { Counter, Gauge, type Registry } from 'prom-client'
import type { EndedProcesses, TableProcesses } from './ended-processes.ts'
import { gaugesOf, type ReadMetrics } from './read-metrics.ts'

export type TableMetricsDeps = {
  readonly stores: Pick<Stores, 'tables'>
  readonly ended: EndedProcesses
  readonly clock: Pick<Clock, 'now'>
}

/** Tables beyond this have no series of their own; `moraine_tables_without_series` says how many. */
const TABLE_SERIES_MAX = 5000

/** Each table's state, figures and processes, of at most {@link TABLE_SERIES_MAX} tables: a scrape reads no more of them. */
export function tableMetrics(registry: Registry, { stores, ended, clock }: TableMetricsDeps): ReadMetrics {
  const withoutSeries = new Gauge({
    name: 'moraine_tables_without_series',
    help: `Tables beyond the ${TABLE_SERIES_MAX} that have series of their own`,
    registers: [registry],
  })
  const parts = [stateOf(registry), summaryOf(registry), processesOf(registry)]
  return async () => {
    for (const { reset } of parts) reset()
    const tables = await stores.tables.listTables({ limit: TABLE_SERIES_MAX })
    const all = (await stores.tables.countPhases()).reduce((sum, count) => sum + count.tables, 0)
    withoutSeries.set(Math.max(0, all - tables.length))
    const now = clock.now()
    for (const table of tables)
      for (const { set } of parts) set(table, { now, processes: ended.ofTable(table.tableId) })
  }
}

type Seen = { readonly now: number; readonly processes: TableProcesses | undefined }
type TablePart = { reset(): void; set(table: ManagedTable, seen: Seen): void }

function stateOf(registry: Registry): TablePart {
  const { gauge, reset } = gaugesOf(registry, OPTIMIZING_LABELS)
  const inPhase = Object.keys(TABLE_TRANSITIONS).map((phase) => ({
    phase,
    is: gauge(`amoro_table_optimizing_status_in_${phase}`, `1 while the table is in phase ${phase}`),
    since: gauge(`amoro_table_optimizing_status_${phase}_duration_mills`, `Milliseconds in phase ${phase} so far`),
  }))
  const sinceLast = gauge(
    'amoro_table_optimizing_since_last_optimization_mills',
    'Milliseconds since the last success; -1 if there was none',
  )
  const failing = gauge('moraine_table_failures_in_a_row', 'Processes and plans that failed since the last success')
  return {
    reset,
    set(table, { now }) {
      const labels = optimizingLabels(table)
      for (const { phase, is, since } of inPhase) {
        const isIn = table.state.phase === phase
        is.set(labels, isIn ? 1 : 0)
        since.set(labels, isIn ? now - table.state.since : 0)
      }
      sinceLast.set(labels, table.optimizedAt === undefined ? -1 : now - table.optimizedAt)
      failing.set(labels, table.backOff?.failures ?? 0)
    },
  }
}

const TYPES = ['minor', 'major', 'full'] as const

/** Counted since this server started, as Prometheus takes counters. */
function processesOf(registry: Registry): TablePart {
  const common = { labelNames: OPTIMIZING_LABELS, registers: [registry] }
  const counters = (['process', ...TYPES] as const).map((type) => {
    const which = type === 'process' ? 'Processes' : `Processes of type ${type}`
    const name = (outcome: string) => `amoro_table_optimizing_${type}_${outcome}_count_total`
    return {
      types: type === 'process' ? TYPES : [type],
      total: new Counter({ ...common, name: name('total'), help: `${which} that ended since this server started` }),
      failed: new Counter({ ...common, name: name('failed'), help: `${which} that failed since this server started` }),
    }
  })
  const { gauge, reset } = gaugesOf(registry, OPTIMIZING_LABELS)
  const sinceLast = TYPES.map((type) => ({
    type,
    gauge: gauge(
      `amoro_table_optimizing_since_last_${type}_optimization_mills`,
      `Milliseconds since the last success of type ${type}; no series if there was none since this server started`,
    ),
  }))
  return {
    reset() {
      reset()
      for (const { total, failed } of counters) for (const counter of [total, failed]) counter.reset()
    },
    set(table, { now, processes }) {
      const labels = optimizingLabels(table)
      for (const { types, total, failed } of counters) {
        const own = types.flatMap((type) => processes?.[type] ?? [])
        total.inc(
          labels,
          own.reduce((sum, one) => sum + one.succeeded + one.failed + one.canceled, 0),
        )
        failed.inc(
          labels,
          own.reduce((sum, one) => sum + one.failed, 0),
        )
      }
      for (const { type, gauge: since } of sinceLast) {
        const last = processes?.[type]?.lastSuccessAt
        if (last !== undefined) since.set(labels, now - last)
      }
    },
  }
}

function summaryOf(registry: Registry): TablePart {
  const { gauge, reset } = gaugesOf(registry, ['catalog', 'database', 'table'])
  const figures = SUMMARY_FIGURES.map(({ name, help, read }) => ({
    read,
    gauge: gauge(`amoro_table_summary_${name}`, help),
  }))
  return {
    reset,
    set(table) {
      const { evaluation } = table
      if (evaluation === undefined) return
      for (const { read, gauge: figure } of figures) figure.set(tableLabels(table), read(evaluation))
    },
  }
}

type SummaryFigure = { readonly name: string; readonly help: string; readonly read: (of: TableEvaluation) => number }

/** As the last evaluation saw them; a table that was not evaluated yet has none. */
const SUMMARY_FIGURES: readonly SummaryFigure[] = [
  { name: 'health_score', help: 'Health, 0 to 100; -1 if not computed', read: ({ health }) => health?.total ?? -1 },
  {
    name: 'total_files',
    help: 'Data and delete files',
    read: ({ totals }) => totals.dataFiles + totals.positionDeleteFiles + totals.equalityDeleteFiles,
  },
  {
    name: 'total_files_size',
    help: 'Bytes of data and delete files',
    read: ({ totals }) => totals.dataBytes + totals.deleteBytes,
  },
  { name: 'data_files', help: 'Data files', read: ({ totals }) => totals.dataFiles },
  { name: 'data_files_size', help: 'Bytes of data files', read: ({ totals }) => totals.dataBytes },
  { name: 'data_files_records', help: 'Records in data files', read: ({ totals }) => totals.records },
  { name: 'equality_delete_files', help: 'Equality delete files', read: ({ totals }) => totals.equalityDeleteFiles },
  {
    name: 'position_delete_files',
    help: 'Position delete files and deletion vectors',
    read: ({ totals }) => totals.positionDeleteFiles,
  },
]

const OPTIMIZING_LABELS = ['catalog', 'database', 'table', 'group']

function optimizingLabels(table: ManagedTable): Readonly<Record<string, string>> {
  return { ...tableLabels(table), group: table.settings.group }
}

function tableLabels({ name }: ManagedTable): Readonly<Record<string, string>> {
  return { catalog: name.catalog, database: databaseName(name.namespace), table: name.name }
}
