import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EMPTY_METRICS } from '@moraine/iceberg/manifest/content-file'
import type { RewriteResult } from '../plan/rewrite-result.ts'
import { liveOutputs, sharedOutputs } from './output-clashes.ts'

function resultOf(groupId: number, ...paths: readonly string[]): RewriteResult {
  const figures = { recordCount: 1, fileSizeBytes: 1, splitOffsets: [4], sortOrderId: 0, metrics: EMPTY_METRICS }
  return {
    ...{ resultVersion: 1, groupId, method: { kind: 'rewrite', reason: '' }, deleteFiles: [] },
    dataFiles: paths.map((filePath) => ({ filePath, ...figures })),
    evidence: { kind: 'row-hash', inputRows: 1, deletedRows: 0, outputRows: 1, inputHash: 'a', outputHash: 'a' },
    cost: { elapsedMs: 1, cpuMs: 1, peakRssBytes: 1, inputBytes: 1, outputBytes: 1 },
  }
}

test('groups that name one file are all told of the others, however they write its place', () => {
  const clashes = sharedOutputs([
    resultOf(1, '/t/a', '/t/b'),
    resultOf(2, 'file:/t/b'),
    resultOf(3, '/t/c'),
    resultOf(4, '/t/p=1/b'),
  ])
  assert.deepEqual(
    [...clashes],
    [
      [1, 'output b is also named by group 2, 4'],
      [2, 'output b is also named by group 1, 4'],
      [4, 'output b is also named by group 1, 2'],
    ],
  )
})

test('an output that is in the table is found by its name', () => {
  const results = [resultOf(1, '/t/a'), resultOf(2, '/t/b')]
  assert.deepEqual([...liveOutputs(results, ['s3://t/b', '/t/c'])], [[2, 'output b is a file of the table already']])
  assert.equal(liveOutputs(results, []).size, 0)
})
