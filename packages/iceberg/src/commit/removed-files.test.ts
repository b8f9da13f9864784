import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type ContentFile, contentFileKey, EMPTY_METRICS } from '../manifest/content-file.ts'
import type { ManifestFile } from '../manifest/manifest-file.ts'
import type { SnapshotId } from '../metadata/snapshot.ts'
import { exampleTable } from '../metadata/testing/example-table.ts'
import type { PartitionTuple } from '../partition/partition-spec.ts'
import { encodeSingleValue } from '../value/single-value.ts'
import { RemovedFiles } from './removed-files.ts'

// Of one partition field, a bucket.
const TABLE = exampleTable()
const INT = { kind: 'int' } as const

type Content = ContentFile['content']

function file(number: number, content: Content, partition: PartitionTuple, specId = 0): ContentFile {
  return {
    content,
    filePath: `/t/${number}.parquet`,
    fileFormat: 'parquet',
    specId,
    partition,
    recordCount: 1,
    fileSizeBytes: 1,
    metrics: () => EMPTY_METRICS,
  }
}

/** The line of a manifest of these files, which are of one kind. */
function manifestOf(content: ManifestFile['content'], buckets: readonly (number | null)[]): ManifestFile {
  const values = buckets.filter((bucket) => bucket !== null)
  return {
    manifestPath: '/t/m.avro',
    manifestLength: 1,
    partitionSpecId: 0,
    content,
    sequenceNumber: 1,
    minSequenceNumber: 1,
    addedSnapshotId: 1n as SnapshotId,
    partitions: [
      {
        containsNull: buckets.includes(null),
        ...(values.length > 0 && {
          lowerBound: encodeSingleValue(INT, Math.min(...values)),
          upperBound: encodeSingleValue(INT, Math.max(...values)),
        }),
      },
    ],
  }
}

const bucket = fc.option(fc.integer({ min: 0, max: 9 }))
const kind = fc.constantFrom<Content>('data', 'position-deletes', 'equality-deletes')

test('a manifest is looked into exactly if a removed file of its kind lies within its bounds', () => {
  const removed = fc.array(fc.record({ bucket, kind }), { maxLength: 12 })
  const listed = fc.array(bucket, { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(removed, listed, fc.constantFrom('data', 'deletes'), fc.nat(12), (specs, buckets, content, found) => {
      const files = specs.map((each, at) => file(at, each.kind, [each.bucket]))
      const sought = new RemovedFiles(files, TABLE)
      for (const each of files.slice(0, found)) assert.equal(sought.take(contentFileKey(each)), 'first')
      const ofKind = files.slice(found).filter((each) => (each.content === 'data') === (content === 'data'))
      const manifest = manifestOf(content, buckets)
      const inBounds = ofKind.some(({ partition: [value = null] }) => {
        const values = buckets.filter((each) => each !== null)
        if (value === null) return buckets.includes(null)
        return values.length === 0 || (Number(value) >= Math.min(...values) && Number(value) <= Math.max(...values))
      })
      assert.equal(sought.mayBeIn(manifest), inBounds)
    }),
  )
})

test('a manifest is held against the partitions that still miss files, not against every file', () => {
  let reads = 0
  const counted = (value: number): PartitionTuple =>
    Object.defineProperty([value], 0, {
      get: () => {
        reads += 1
        return value
      },
    })
  const files = Array.from({ length: 3000 }, (_, at) => file(at, 'data', counted(at % 3)))
  const sought = new RemovedFiles(files, TABLE)
  reads = 0
  assert.equal(sought.mayBeIn(manifestOf('data', [7, 9])), false)
  assert.equal(reads, 3)
  for (const each of files.filter((_, at) => at % 3 !== 0)) sought.take(contentFileKey(each))
  reads = 0
  assert.equal(sought.mayBeIn(manifestOf('data', [1, 9])), false)
  assert.equal(reads, 1)
})

test('a file is taken once, and known when it comes again', () => {
  const sought = new RemovedFiles([file(1, 'data', [1])], TABLE)
  assert.equal(sought.lost, '/t/1.parquet')
  assert.deepEqual(
    ['/t/2.parquet', '/t/1.parquet', '/t/1.parquet'].map((key) => sought.take(key)),
    ['other', 'first', 'again'],
  )
  assert.equal(sought.lost, undefined)
})
