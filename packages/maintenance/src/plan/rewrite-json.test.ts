import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EMPTY_METRICS } from '@moraine/iceberg/manifest/content-file'
import type { SnapshotId } from '@moraine/iceberg/metadata/snapshot'
import type { PartitionTuple } from '@moraine/iceberg/partition/partition-spec'
import { formatExactJson } from '@moraine/stdx/exact-json'
import fc from 'fast-check'
import type { RewriteGroup, RewritePlan } from './rewrite-plan.ts'
import { encodeRewritePlan, parseRewritePlan, planHash } from './rewrite-plan-json.ts'
import type { RewriteResult } from './rewrite-result.ts'
import { formatRewriteResult, parseRewriteResult } from './rewrite-result-json.ts'
import type { RewriteTask } from './rewrite-task.ts'
import { formatRewriteTask, parseRewriteTask } from './rewrite-task-json.ts'

const group = (partition: PartitionTuple): RewriteGroup => ({
  groupId: 1,
  specId: 3,
  partition,
  partitionPath: 'p=x',
  method: { kind: 'rewrite', reason: 'because' },
  inputs: [
    {
      filePath: '/a "b"',
      fileFormat: 'parquet',
      recordCount: 3,
      fileSizeBytes: 9,
      dataSequenceNumber: 2,
      firstRowId: 2n ** 62n,
      splitOffsets: [4, 8],
      deletes: [0],
    },
  ],
  deletes: [
    {
      content: 'equality-deletes',
      filePath: '/e',
      fileFormat: 'parquet',
      specId: 0,
      partition,
      recordCount: 1,
      fileSizeBytes: 5,
      dataSequenceNumber: 4,
      equalityIds: [1],
    },
  ],
  targetSizeBytes: 100,
})

const plan = (partition: PartitionTuple): RewritePlan => ({
  planVersion: 1,
  tableUuid: 'u',
  tableLocation: '/t',
  baseSnapshotId: 9_007_199_254_740_993n as SnapshotId,
  baseSequenceNumber: 7,
  schemaId: 0,
  optimizingType: 'major',
  groups: [group(partition)],
  releasedDeletes: [],
  skipped: [{ specId: 0, partitionPath: '', reason: 'healthy', detail: 'fine' }],
})

const partitions = fc.array(
  fc.oneof(
    fc.constant(null),
    fc.boolean(),
    fc.string(),
    fc.double(),
    // Decimals have up to 127 bits.
    fc.bigInt(-(10n ** 38n), 10n ** 38n),
    fc.uint8Array({ maxLength: 9 }),
  ),
  { maxLength: 4 },
)

test('plans come back the same, with any partition value, and so does their hash', () => {
  fc.assert(
    fc.property(partitions, (partition) => {
      const original = plan(partition)
      const back = parseRewritePlan(formatExactJson(encodeRewritePlan(original)), 'plan.json')
      assert.deepEqual(back, original)
      assert.equal(planHash(back), planHash(original))
    }),
  )
})

test('a plan that was edited is refused', () => {
  const text = formatExactJson(encodeRewritePlan(plan([]))).replace('"recordCount":3', '"recordCount":4')
  assert.throws(() => parseRewritePlan(text, 'plan.json'), /plan.json was changed since it was written/)
})

test('a plan of another version, and text that is no plan, are named', () => {
  assert.throws(
    () => parseRewritePlan('{"planVersion":2}', 'plan.json'),
    /plan.json: the document is of plan version 2/,
  )
  assert.throws(() => parseRewritePlan('{"planVersion":1}', 'plan.json'), /plan.json: tableUuid is missing/)
  assert.throws(() => parseRewritePlan('nonsense', 'plan.json'), /plan.json is not valid JSON/)
})

test('tasks and results come back the same', () => {
  const task: RewriteTask = {
    taskVersion: 1,
    baseSequenceNumber: 7,
    table: {
      name: 'db.t',
      uuid: 'f79c3e09-677c-4bbd-a479-3f349cb785e7',
      formatVersion: 3,
      schema: {
        schemaId: 0,
        fields: [{ id: 1, name: 'a', required: true, type: { kind: 'decimal', precision: 9, scale: 2 } }],
        identifierFieldIds: [],
      },
      otherSchemas: [],
      partitionSpecs: [
        {
          specId: 3,
          fields: [{ fieldId: 1000, sourceIds: [1], name: 'b', transform: { kind: 'bucket', buckets: 4 } }],
        },
      ],
      sortOrder: { orderId: 0, fields: [] },
    },
    group: { ...group([1, null]), outputSpecId: 4 },
    output: { directory: '/t/data/', filePrefix: 'x', compression: 'zstd', rowGroupSizeBytes: 5 },
    storage: { 's3.endpoint': 'http://x' },
  }
  assert.deepEqual(parseRewriteTask(formatRewriteTask(task)), task)
  const result: RewriteResult = {
    resultVersion: 1,
    groupId: 1,
    method: { kind: 'convert-deletes', reason: 'r' },
    dataFiles: [
      {
        filePath: '/o',
        recordCount: 1,
        fileSizeBytes: 2,
        splitOffsets: [4],
        sortOrderId: 0,
        movedTo: { specId: 4, partition: ['x', 5n, null] },
        metrics: {
          ...EMPTY_METRICS,
          lowerBounds: new Map([[7, new Uint8Array([0, 255])]]),
          columnSizes: new Map([[2147483540, 5]]),
        },
      },
    ],
    deleteFiles: [
      {
        filePath: '/d',
        fileFormat: 'puffin',
        recordCount: 1,
        fileSizeBytes: 2,
        referencedDataFile: '/a',
        contentOffset: 4,
        contentSizeBytes: 8,
        metrics: EMPTY_METRICS,
      },
    ],
    evidence: {
      kind: 'deleted-positions',
      files: [{ dataFile: '/a', recordCount: 5, deletedRows: 1, writtenPositions: 1 }],
    },
    cost: { elapsedMs: 1, cpuMs: 2, peakRssBytes: 3, inputBytes: 4, outputBytes: 5 },
  }
  assert.deepEqual(parseRewriteResult(formatRewriteResult(result)), result)
  const rowGroup = { dataFile: '/a', offset: 4, rows: 9 }
  const range = { bytes: 5, crcRead: 1, crcWritten: 1 }
  const copied: RewriteResult = {
    ...result,
    evidence: { kind: 'copied-ranges', inputRows: 9, outputRows: 9, ranges: [{ ...range, rowGroup }, range] },
  }
  assert.deepEqual(parseRewriteResult(formatRewriteResult(copied)), copied)
})
