import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ManifestFile } from '@moraine/iceberg/manifest/manifest-file'
import type { SnapshotId } from '@moraine/iceberg/metadata/snapshot'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { manifestEntry } from '@moraine/testkit/builders/manifest-entry'
import { NAIVE_SPECS } from '@moraine/testkit/naive-table/naive-table'
import type { DeleteInput, RewriteGroup, RewritePlan } from '../plan/rewrite-plan.ts'
import { resolveConflicts } from './resolve-conflicts.ts'
import { differingManifests, type TableChanges, tableChanges } from './table-changes.ts'

const metadata = { formatVersion: 2, partitionSpecs: [...NAIVE_SPECS.values()] } as unknown as TableMetadata
const v3 = { ...metadata, formatVersion: 3 } as TableMetadata

const equality: DeleteInput = {
  content: 'equality-deletes',
  filePath: '/t/e.parquet',
  fileFormat: 'parquet',
  specId: 1,
  partition: [],
  recordCount: 1,
  fileSizeBytes: 10,
  dataSequenceNumber: 5,
  equalityIds: [1],
}

const groupOf = (groupId: number, path: string, kind: RewriteGroup['method']['kind'] = 'rewrite'): RewriteGroup => ({
  groupId,
  specId: 0,
  partition: [groupId],
  partitionPath: `p=${groupId}`,
  method: { kind, reason: 'test' },
  inputs: [
    { filePath: path, fileFormat: 'parquet', recordCount: 10, fileSizeBytes: 100, dataSequenceNumber: 1, deletes: [0] },
  ],
  deletes: [equality],
  targetSizeBytes: 1000,
})

const groups = [groupOf(1, '/t/a.parquet'), groupOf(2, '/t/b.parquet')]
const plan: RewritePlan = {
  planVersion: 1,
  tableUuid: 'u',
  tableLocation: '/t',
  baseSnapshotId: 1n as SnapshotId,
  baseSequenceNumber: 5,
  schemaId: 0,
  optimizingType: 'minor',
  groups,
  releasedDeletes: [{ delete: equality, groupIds: [1, 2] }],
  skipped: [],
}
const NOTHING: TableChanges = { added: [], removed: new Set() }
const positions = (path: string) =>
  manifestEntry(6, { filePath: '/t/p.parquet', content: 'position-deletes', partition: [1], referencedDataFile: path })

test('nothing changed: every group and the delete they shared', () => {
  const { groups: kept, conflicts, released } = resolveConflicts(plan, groups, NOTHING, metadata)
  assert.deepEqual([kept.length, conflicts, released], [2, [], [equality]])
})

test('a file rewritten by somebody else costs its group, and the shared delete stays for it', () => {
  const resolution = resolveConflicts(plan, groups, { added: [], removed: new Set(['/t/a.parquet']) }, metadata)
  assert.deepEqual(resolution.conflicts, [{ groupId: 1, reason: '/t/a.parquet was removed from the table meanwhile' }])
  assert.deepEqual([resolution.groups.map((group) => group.groupId), resolution.released], [[2], []])
})

test('rows deleted meanwhile from a rewritten file are a conflict, from another file of the partition they are not', () => {
  assert.equal(
    resolveConflicts(plan, groups, { ...NOTHING, added: [positions('/t/a.parquet')] }, metadata).conflicts[0]?.groupId,
    1,
  )
  assert.deepEqual(
    resolveConflicts(plan, groups, { ...NOTHING, added: [positions('/t/c.parquet')] }, metadata).conflicts,
    [],
  )
})

test('a position delete file that may name any file of the partition is a conflict', () => {
  const anywhere = manifestEntry(6, { filePath: '/t/p.parquet', content: 'position-deletes', partition: [1] })
  assert.deepEqual(
    resolveConflicts(plan, groups, { ...NOTHING, added: [anywhere] }, metadata).conflicts.map(
      (conflict) => conflict.groupId,
    ),
    [1],
  )
})

test('a converted file takes another position delete file in v2, but no second vector in v3', () => {
  const converted = [groupOf(1, '/t/a.parquet', 'convert-deletes')]
  const changes = { ...NOTHING, added: [positions('/t/a.parquet')] }
  assert.deepEqual(resolveConflicts(plan, converted, changes, metadata).conflicts, [])
  assert.equal(resolveConflicts(plan, converted, changes, v3).conflicts.length, 1)
})

test('new equality deletes and new data files are no conflict', () => {
  const added = [
    manifestEntry(6, { filePath: '/t/e2.parquet', content: 'equality-deletes', specId: 1, equalityIds: [1] }),
    manifestEntry(6, { filePath: '/t/new.parquet', partition: [1] }),
  ]
  const resolution = resolveConflicts(plan, groups, { ...NOTHING, added }, metadata)
  assert.deepEqual([resolution.conflicts, resolution.released], [[], [equality]])
})

test('where rows are moved to another spec, new equality deletes of a partition are a conflict, global ones are not', () => {
  const moved = groups.map((group) => ({ ...group, outputSpecId: 1 }))
  const added = (specId: number) => [
    manifestEntry(6, { filePath: '/t/e2.parquet', content: 'equality-deletes', specId, equalityIds: [1] }),
  ]
  const conflictsOf = (specId: number) =>
    resolveConflicts(plan, moved, { ...NOTHING, added: added(specId) }, metadata).conflicts
  assert.deepEqual(conflictsOf(1), [])
  assert.deepEqual(
    conflictsOf(0).map((conflict) => conflict.reason),
    moved.map(
      () => '/t/e2.parquet deletes rows of one partition meanwhile, and the group moves rows to other partitions',
    ),
  )
})

test('a delete stays for a file that came meanwhile with an older sequence number', () => {
  const older = manifestEntry(4, { filePath: '/t/spark-rewrite.parquet', partition: [7] })
  assert.deepEqual(resolveConflicts(plan, groups, { ...NOTHING, added: [older] }, metadata).released, [])
})

test('a delete that was applied and then taken back is a conflict', () => {
  const resolution = resolveConflicts(plan, groups, { added: [], removed: new Set(['/t/e.parquet']) }, metadata)
  assert.deepEqual(
    resolution.conflicts.map((conflict) => conflict.groupId),
    [1, 2],
  )
})

test('changes are net: a file that moved to another manifest neither came nor went', () => {
  const moved = manifestEntry(1, { filePath: '/t/moved.parquet' })
  const gone = manifestEntry(1, { filePath: '/t/gone.parquet' })
  const fresh = manifestEntry(6, { filePath: '/t/fresh.parquet' })
  const changes = tableChanges([moved, gone], [moved, { ...gone, status: 'deleted' }, fresh])
  assert.deepEqual([changes.added, [...changes.removed]], [[fresh], ['/t/gone.parquet']])
})

test('a file that was removed and added again is another: deletes and row ids differ', () => {
  const before = manifestEntry(1, { filePath: '/t/a.parquet' })
  const again = manifestEntry(6, { filePath: '/t/a.parquet' })
  const changes = tableChanges([before, { ...before, status: 'deleted' }], [again])
  assert.deepEqual([changes.added, [...changes.removed]], [[again], ['/t/a.parquet']])
  const upgraded = { ...before, file: { ...before.file, firstRowId: 7n } }
  assert.deepEqual([...tableChanges([before], [upgraded]).removed], ['/t/a.parquet'])
  assert.equal(resolveConflicts(plan, groups, changes, metadata).conflicts[0]?.groupId, 1)
})

test('a file that was added a second time is a conflict', () => {
  const twice = { ...NOTHING, added: [manifestEntry(6, { filePath: '/t/b.parquet', partition: [2] })] }
  assert.deepEqual(resolveConflicts(plan, groups, twice, metadata).conflicts, [
    { groupId: 2, reason: '/t/b.parquet was added to the table once more meanwhile' },
  ])
})

test('manifests that were given row ids count as changed', () => {
  const manifest = { manifestPath: '/m', sequenceNumber: 1, addedSnapshotId: 1n } as ManifestFile
  const numbered = { ...manifest, firstRowId: 0n }
  assert.deepEqual(differingManifests([manifest], [numbered]), { gone: [manifest], fresh: [numbered] })
  assert.deepEqual(differingManifests([numbered], [{ ...numbered }]), { gone: [], fresh: [] })
})
