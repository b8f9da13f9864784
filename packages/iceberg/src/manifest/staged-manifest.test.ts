import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import { assignFirstRowIds, assignSequenceNumber, type StagedManifest } from './staged-manifest.ts'
import { asSnapshotId, sampleManifest } from './testing/sample-entry.ts'

const STAGED: StagedManifest = {
  manifestPath: 'm.avro',
  manifestLength: 1,
  partitionSpecId: 0,
  content: 'data',
  addedSnapshotId: asSnapshotId(1n),
  addedFilesCount: 1,
  existingFilesCount: 0,
  deletedFilesCount: 0,
  addedRowsCount: 10,
  existingRowsCount: 0,
  deletedRowsCount: 0,
  partitions: [],
}

test('a staged manifest takes the sequence number of the commit', () => {
  assert.deepEqual(assignSequenceNumber(STAGED, 7), { ...STAGED, sequenceNumber: 7, minSequenceNumber: 7 })
})

test('the least sequence number of its entries is kept', () => {
  assert.equal(assignSequenceNumber({ ...STAGED, minSequenceNumber: 3 }, 7).minSequenceNumber, 3)
  assert.equal(assignSequenceNumber({ ...STAGED, minSequenceNumber: 0 }, 7).minSequenceNumber, 0)
})

test('row ids are assigned as in the example of the specification', () => {
  // Table spec, "Row lineage example".
  const rows = (addedRowsCount: number, existingRowsCount: number) => ({ addedRowsCount, existingRowsCount })
  const { manifests, nextRowId } = assignFirstRowIds(
    [
      sampleManifest({ ...rows(75, 0), firstRowId: 925n }),
      sampleManifest(rows(100, 25)),
      sampleManifest({ ...rows(5, 5), content: 'deletes' }),
      sampleManifest(rows(0, 100)),
      sampleManifest(rows(125, 25)),
    ],
    1000n,
  )
  assert.deepEqual(
    manifests.map((manifest) => manifest.firstRowId),
    [925n, 1000n, undefined, 1125n, 1225n],
  )
  assert.equal(nextRowId, 1375n)
})

test('a manifest without row counts gets no made-up ids', () => {
  const { addedRowsCount: _, ...uncounted } = sampleManifest()
  assert.throws(
    () => assignFirstRowIds([uncounted], 0n),
    (error) => isKind(error, 'unsupported') && /m0\.avro has no row counts/.test(error.message),
  )
})
