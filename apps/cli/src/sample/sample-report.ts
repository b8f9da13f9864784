import type { LoadedTable } from '@moraine/catalogs/catalog'
import type { SnapshotId } from '@moraine/iceberg/metadata/snapshot'
import { makeTasks } from '@moraine/maintenance/plan/make-tasks'
import type { RewritePlan } from '@moraine/maintenance/plan/rewrite-plan'
import { inspectTable } from '@moraine/maintenance/table/plan-table'
import { readTable } from '@moraine/maintenance/table/read-table'
import { scanGroups } from '@moraine/maintenance/table/scan-groups'
import { scanLiveRows } from '@moraine/rewrite/scan-live-rows'
import type { TaskContext } from '@moraine/rewrite/task-context'
import { must } from '@moraine/stdx/assert'

/** A table at one snapshot: what it consists of, how healthy it is, and how long reading all of it takes. */
export type SampleFigures = {
  readonly snapshotId: SnapshotId
  readonly dataFiles: number
  readonly deleteFiles: number
  readonly bytes: number
  readonly healthScore: number
  readonly rows: number
  readonly rowHash: string
  readonly scanMs: number
}

/** Reads the table as of a snapshot, once by its metadata and once by all of its rows. */
export async function sampleFigures(
  table: LoadedTable,
  snapshotId: SnapshotId,
  context: TaskContext,
): Promise<SampleFigures> {
  const metadata = { ...table.metadata, currentSnapshotId: snapshotId }
  const state = await readTable(context.io, { ...table, metadata }, context.signal)
  const { report } = inspectTable(state, { now: context.clock.now() })
  const plan: RewritePlan = {
    planVersion: 1,
    tableUuid: metadata.tableUuid ?? '',
    tableLocation: metadata.location,
    baseSnapshotId: snapshotId,
    baseSequenceNumber: must(state.snapshot, 'snapshot').sequenceNumber,
    schemaId: metadata.currentSchemaId,
    optimizingType: 'full',
    groups: await scanGroups(context.io, state, context.signal),
    releasedDeletes: [],
    skipped: [],
  }
  let rows = 0
  let scanMs = 0
  let hash = 0n
  for (const task of makeTasks({ name: 'sample', metadata, plan, storage: {}, runId: 'scan' })) {
    const scanned = await scanLiveRows(task, context)
    rows += scanned.rows
    scanMs += scanned.elapsedMs
    hash = BigInt.asUintN(128, hash + BigInt(`0x${scanned.hash}`))
  }
  const { dataFiles, positionDeletes, deletionVectors, equalityDeletes } = report
  return {
    snapshotId,
    dataFiles: dataFiles.files,
    deleteFiles: positionDeletes.files + deletionVectors.files + equalityDeletes.files,
    bytes: dataFiles.bytes + positionDeletes.bytes + deletionVectors.bytes + equalityDeletes.bytes,
    healthScore: report.health.total,
    rows,
    rowHash: hash.toString(16),
    scanMs: Math.round(scanMs),
  }
}
