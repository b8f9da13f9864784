import assert from 'node:assert/strict'
import { test } from 'node:test'
import { manifestEntry } from '@moraine/testkit/builders/manifest-entry'
import { liveRowIds, NAIVE_SPECS, naiveEntries } from '@moraine/testkit/naive-table/naive-table'
import { arbitraryNaiveTable } from '@moraine/testkit/naive-table/random-naive-table'
import fc from 'fast-check'
import type { ContentFile } from '../manifest/content-file.ts'
import { EMPTY_METRICS } from '../manifest/content-file.ts'
import { DELETE_FILE_PATH_FIELD_ID } from '../schema/reserved-field-ids.ts'
import { DeleteIndex } from './delete-index.ts'

const INT = () => ({ kind: 'int' }) as const
const data = manifestEntry(3, { filePath: '/t/a.parquet', partition: [1] })
const indexOf = (...deletes: ReturnType<typeof manifestEntry>[]) => new DeleteIndex(deletes, NAIVE_SPECS, INT)
const found = (index: DeleteIndex, entry = data) => index.deletesFor(entry).map((each) => each.file.filePath)
const equality = (sequence: number, file: Partial<ContentFile> = {}) =>
  manifestEntry(sequence, {
    filePath: `/t/e${sequence}`,
    content: 'equality-deletes',
    equalityIds: [1],
    partition: [1],
    ...file,
  })
const position = (sequence: number, file: Partial<ContentFile> = {}) =>
  manifestEntry(sequence, { filePath: `/t/p${sequence}`, content: 'position-deletes', partition: [1], ...file })
const int = (value: number) => Uint8Array.of(value, 0, 0, 0)

test('equality deletes apply to strictly older data, position deletes also to data of their own commit', () => {
  assert.deepEqual(found(indexOf(equality(2), equality(3), equality(4))), ['/t/e4'])
  assert.deepEqual(found(indexOf(position(2), position(3), position(4))), ['/t/p3', '/t/p4'])
})

test('deletes stay in their partition, except equality deletes of the unpartitioned spec', () => {
  assert.deepEqual(found(indexOf(equality(4, { partition: [2] }), position(4, { partition: [2] }))), [])
  assert.deepEqual(found(indexOf(equality(4, { specId: 1, partition: [] }))), ['/t/e4'])
  assert.deepEqual(found(indexOf(position(4, { specId: 1, partition: [] }))), [])
})

test('a spec whose fields are all void is unpartitioned: its equality deletes apply everywhere', () => {
  const specs = new Map([
    ...NAIVE_SPECS,
    [2, { specId: 2, fields: [{ fieldId: 1000, sourceIds: [9], name: 'p', transform: { kind: 'void' } as const }] }],
  ])
  assert.deepEqual(found(new DeleteIndex([equality(4, { specId: 2, partition: [null] })], specs, INT)), ['/t/e4'])
})

test('deletes of one sequence number are in order of their paths, whatever the order of the manifests', () => {
  const [a, b] = [position(4, { filePath: '/t/pa' }), position(4, { filePath: '/t/pb' })]
  assert.deepEqual(found(indexOf(a, b)), ['/t/pa', '/t/pb'])
  assert.deepEqual(found(indexOf(b, a)), ['/t/pa', '/t/pb'])
})

test('a deletion vector stands for every position delete of its file', () => {
  const vector = position(5, {
    filePath: '/t/v.puffin',
    fileFormat: 'puffin',
    referencedDataFile: '/t/a.parquet',
    contentOffset: 4,
    contentSizeBytes: 40,
  })
  assert.deepEqual(found(indexOf(position(4), vector, equality(6))), ['/t/e6', '/t/v.puffin'])
})

test('a position delete file whose path bounds are equal names one file; wider bounds name a range', () => {
  const bounded = (lower: string, upper: string) =>
    position(4, {
      metrics: () => ({
        ...EMPTY_METRICS,
        lowerBounds: new Map([[DELETE_FILE_PATH_FIELD_ID, Buffer.from(lower)]]),
        upperBounds: new Map([[DELETE_FILE_PATH_FIELD_ID, Buffer.from(upper)]]),
      }),
    })
  assert.deepEqual(found(indexOf(bounded('/t/a.parquet', '/t/a.parquet'))), ['/t/p4'])
  assert.deepEqual(found(indexOf(bounded('/t/b.parquet', '/t/b.parquet'))), [])
  assert.deepEqual(found(indexOf(bounded('/t/a', '/t/b'))), ['/t/p4'])
  assert.deepEqual(found(indexOf(bounded('/t/b', '/t/c'))), [])
})

const metrics =
  (lower: number, upper: number, nulls = 0) =>
  () => ({
    ...EMPTY_METRICS,
    valueCounts: new Map([[1, 10]]),
    nullValueCounts: new Map([[1, nulls]]),
    lowerBounds: new Map([[1, int(lower)]]),
    upperBounds: new Map([[1, int(upper)]]),
  })

test('equality deletes whose keys lie outside the data file are pruned, unless nulls may meet', () => {
  const file = (nulls: number) =>
    manifestEntry(3, { filePath: '/t/a.parquet', partition: [1], metrics: metrics(10, 20, nulls) })
  assert.deepEqual(found(indexOf(equality(4, { metrics: metrics(21, 30) })), file(0)), [])
  assert.deepEqual(found(indexOf(equality(4, { metrics: metrics(20, 30) })), file(0)), ['/t/e4'])
  assert.deepEqual(found(indexOf(equality(4, { metrics: metrics(21, 30, 1) })), file(1)), ['/t/e4'])
  assert.deepEqual(found(indexOf(equality(4, { metrics: metrics(21, 30, 10) })), file(0)), [])
})

test('bounds that contradict each other or cannot be decoded prove nothing', () => {
  const file = manifestEntry(3, { filePath: '/t/a.parquet', partition: [1], metrics: metrics(10, 20, 0) })
  assert.deepEqual(found(indexOf(equality(4, { metrics: metrics(40, 30) })), file), ['/t/e4'])
  const short = metrics(30, 40)()
  const undecodable = { ...short, lowerBounds: new Map([[1, new Uint8Array(3)]]) }
  assert.deepEqual(found(indexOf(equality(4, { metrics: () => undecodable })), file), ['/t/e4'])
})

test('a vector that names no data file is corrupt', () => {
  assert.throws(() => indexOf(position(4, { fileFormat: 'puffin' })), /does not name its data file/)
})

test('applying what the index finds gives the rows that the definition gives', () => {
  fc.assert(
    fc.property(arbitraryNaiveTable(1000), (table) => {
      const { data: files, deletes } = naiveEntries(table)
      const index = new DeleteIndex(deletes, NAIVE_SPECS, () => undefined)
      const ids = files.flatMap((entry) => {
        const applied = new Set(index.deletesFor(entry).map((each) => each.file.filePath))
        const only = table.data.filter((file) => file.path === entry.file.filePath)
        // Sequence numbers and partitions no longer count: what was found is applied to whatever it names.
        return liveRowIds({
          data: only.map((file) => ({ ...file, sequence: 0 })),
          deletes: table.deletes.filter((each) => applied.has(each.path)),
        })
      })
      assert.deepEqual(
        ids.sort((a, b) => a - b),
        liveRowIds(table),
      )
    }),
  )
})
