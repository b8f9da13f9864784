import type { Stores } from '@moraine/management/store/stores'
import type { Kysely } from 'kysely'
import type { Database } from '../schema.ts'
import { sqlAnsweredRequests } from './sql-answered-requests.ts'
import { sqlCatalogs } from './sql-catalogs.ts'
import { sqlDroppedPointers } from './sql-dropped-pointers.ts'
import { sqlMetricsReports } from './sql-metrics-reports.ts'
import { sqlPrincipals } from './sql-principals.ts'
import { sqlProcesses } from './sql-processes.ts'
import { sqlResources } from './sql-resources.ts'
import { sqlStateStore } from './sql-state-store.ts'
import { sqlTablePointers } from './sql-table-pointers.ts'
import { sqlTables } from './sql-tables.ts'
import { sqlTasks } from './sql-tasks.ts'

/** All stores over one database. Only SQL that every supported engine understands. */
export function sqlStores(db: Kysely<Database>): Stores {
  return {
    state: sqlStateStore(db),
    tables: sqlTables(db),
    processes: sqlProcesses(db),
    ...sqlTasks(db),
    ...sqlResources(db),
    catalogs: sqlCatalogs(db),
    pointers: sqlTablePointers(db),
    drops: sqlDroppedPointers(db),
    answers: sqlAnsweredRequests(db),
    principals: sqlPrincipals(db),
    reports: sqlMetricsReports(db),
  }
}
