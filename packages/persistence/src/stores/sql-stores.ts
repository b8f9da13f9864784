import type { Stores } from '@moraine/management/store/stores'
import type { Kysely } from 'kysely'
import { type EngineWords, SQLITE_WORDS } from '../engine-words.ts'
import type { Database } from '../schema.ts'
import { sqlAllocations } from './sql-allocations.ts'
import { sqlAnsweredRequests } from './sql-answered-requests.ts'
import { sqlBlockers } from './sql-blockers.ts'
import { sqlCatalogs } from './sql-catalogs.ts'
import { sqlDroppedPointers } from './sql-dropped-pointers.ts'
import { sqlLeases } from './sql-leases.ts'
import { sqlMetricsReports } from './sql-metrics-reports.ts'
import { sqlPrincipals } from './sql-principals.ts'
import { sqlProcesses } from './sql-processes.ts'
import { sqlResources } from './sql-resources.ts'
import { sqlStateStore } from './sql-state-store.ts'
import { sqlTablePointers } from './sql-table-pointers.ts'
import { sqlTables } from './sql-tables.ts'
import { sqlTasks } from './sql-tasks.ts'
import { sqlUploadedFiles } from './sql-uploaded-files.ts'

/** All stores over one database. But for a few words, only SQL that every supported engine understands. */
export function sqlStores(db: Kysely<Database>, words: EngineWords = SQLITE_WORDS): Stores {
  return {
    state: sqlStateStore(db, words),
    tables: sqlTables(db, words),
    blockers: sqlBlockers(db, words),
    processes: sqlProcesses(db),
    ...sqlTasks(db),
    ...sqlResources(db, words),
    allocations: sqlAllocations(db),
    catalogs: sqlCatalogs(db),
    pointers: sqlTablePointers(db, words),
    drops: sqlDroppedPointers(db, words),
    underClaims: (claims, lost) => ({
      pointers: sqlTablePointers(db, words, { claims, lost }),
      drops: sqlDroppedPointers(db, words, { claims, lost }),
    }),
    answers: sqlAnsweredRequests(db, words),
    principals: sqlPrincipals(db),
    reports: sqlMetricsReports(db),
    files: sqlUploadedFiles(db),
    leases: sqlLeases(db, words),
  }
}
