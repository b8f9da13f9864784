import type { Stores } from '@moraine/management/store/stores'
import { memoryAnsweredRequests } from './memory-answered-requests.ts'
import { memoryCatalogs } from './memory-catalogs.ts'
import { memoryMetricsReports } from './memory-metrics-reports.ts'
import { memoryOptimizing } from './memory-optimizing.ts'
import { memoryPrincipals } from './memory-principals.ts'
import { memoryResources } from './memory-resources.ts'
import { emptyState, type MemoryState } from './memory-state.ts'
import { memoryStateStore } from './memory-state-store.ts'
import { memoryTables } from './memory-tables.ts'

/** All stores in memory, sharing one state: for the simulator, which looks at it, and for tests. */
export function memoryStores(state: MemoryState = emptyState()): Stores {
  return {
    state: memoryStateStore(state),
    tables: memoryTables(state),
    ...memoryOptimizing(state),
    ...memoryResources(state),
    ...memoryCatalogs(),
    answers: memoryAnsweredRequests(),
    principals: memoryPrincipals(),
    reports: memoryMetricsReports(),
  }
}
