import type { UnderClaims } from '@moraine/catalogs/internal/claimed-pointers'
import type { DroppedPointers } from '@moraine/catalogs/internal/dropped-pointers'
import type { TablePointers } from '@moraine/catalogs/internal/table-pointers'
import type { PrincipalStore } from '../access/principal.ts'
import type { AnsweredRequestStore } from '../catalogs/answered-requests.ts'
import type { CatalogStore } from '../catalogs/managed-catalog.ts'
import type { MetricsReportStore } from '../catalogs/metrics-report.ts'
import type { UploadedFileStore } from '../catalogs/uploaded-file.ts'
import type { BlockerStore } from '../records/blocker.ts'
import type { DiscardStore } from '../records/discard.ts'
import type { AllocationStore } from '../records/group-allocation.ts'
import type { LeaderLeases } from '../records/leader-lease.ts'
import type { OptimizerStore } from '../records/optimizer.ts'
import type { ProcessStore, TaskStore } from '../records/process-store.ts'
import type { ResourceStore } from '../records/resource.ts'
import type { ResourceGroupStore } from '../records/resource-group.ts'
import type { TableStore } from '../records/table-store.ts'
import type { StateStore } from './state-store.ts'

/** What one database offers. Functions take the few of these that they need. */
export type Stores = {
  readonly state: StateStore
  readonly tables: TableStore
  readonly blockers: BlockerStore
  readonly processes: ProcessStore
  readonly tasks: TaskStore
  readonly discards: DiscardStore
  readonly optimizers: OptimizerStore
  readonly resources: ResourceStore
  readonly groups: ResourceGroupStore
  readonly allocations: AllocationStore
  readonly catalogs: CatalogStore
  readonly pointers: TablePointers
  readonly drops: DroppedPointers
  /** The pointers and drops, changed only while claims of {@link AnsweredRequestStore} hold. */
  readonly underClaims: UnderClaims
  readonly answers: AnsweredRequestStore
  readonly principals: PrincipalStore
  readonly reports: MetricsReportStore
  readonly files: UploadedFileStore
  readonly leases: LeaderLeases
}
