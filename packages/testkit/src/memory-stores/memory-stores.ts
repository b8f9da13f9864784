import type { Stores } from '@moraine/management/store/stores'
import { type Clock, systemClock } from '@moraine/stdx/clock'
import { memoryAnsweredRequests } from './memory-answered-requests.ts'
import { memoryBlockers } from './memory-blockers.ts'
import { memoryCatalogs } from './memory-catalogs.ts'
import { holdsFence, memoryLeases } from './memory-leases.ts'
import { memoryMetricsReports } from './memory-metrics-reports.ts'
import { memoryOptimizing } from './memory-optimizing.ts'
import { memoryPrincipals } from './memory-principals.ts'
import { memoryResources } from './memory-resources.ts'
import { emptyState, type MemoryState } from './memory-state.ts'
import { memoryStateStore } from './memory-state-store.ts'
import { memoryTables } from './memory-tables.ts'
import { memoryUnderClaims } from './memory-under-claims.ts'
import { memoryUploadedFiles } from './memory-uploaded-files.ts'

/** All stores in memory, sharing one state: for the simulator, which looks at it, and for tests. */
export function memoryStores(state: MemoryState = emptyState(), clock: Pick<Clock, 'now'> = systemClock): Stores {
  const { removeGrants, ...principals } = memoryPrincipals()
  const catalogs = memoryCatalogs([], removeGrants, (fence) => holdsFence(state, fence))
  const { holdsClaim, ...answers } = memoryAnsweredRequests()
  return {
    state: memoryStateStore(state),
    tables: memoryTables(state, catalogs),
    blockers: memoryBlockers(state, clock),
    ...memoryOptimizing(state),
    ...memoryResources(state, catalogs.catalogs),
    ...catalogs,
    underClaims: memoryUnderClaims(catalogs, holdsClaim),
    answers,
    principals,
    reports: memoryMetricsReports(),
    files: memoryUploadedFiles(),
    leases: memoryLeases(state, clock),
  }
}
