import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EpochMs } from '@moraine/stdx/brand'
import { manifestEntry } from '@moraine/testkit/builders/manifest-entry'
import { evaluateTable } from '../plan/evaluate-table.ts'
import { healthScore } from '../plan/health-score.ts'
import { parseOptimizingPolicy } from '../plan/optimizing-policy.ts'
import { indexOfTasks } from '../plan/testing/index-of-tasks.ts'
import { healthNote } from './health-note.ts'

const MIB = 1024 * 1024
const policy = parseOptimizingPolicy({})

function noteOf(count: number, sizeBytes: number): string | undefined {
  const tasks = Array.from({ length: count }, (_, at) => ({
    data: manifestEntry(1, { filePath: `/t/f${at}.parquet`, fileSizeBytes: sizeBytes, recordCount: 1000 }),
    deletes: [],
  }))
  const { partitions } = evaluateTable({
    metadata: { schemas: [], currentSchemaId: 0, partitionSpecs: [], defaultSpecId: 0, defaultSortOrderId: 0 },
    index: indexOfTasks(tasks),
    policy,
    requested: 'auto',
    clocks: () => ({ minor: 0 as EpochMs, major: 0 as EpochMs, full: 0 as EpochMs }),
    now: 0 as EpochMs,
  })
  const health = healthScore(
    partitions.map(({ evaluation }) => evaluation),
    policy,
  )
  return healthNote(health, partitions, policy)
}

test('a high score says from what on small files count, and how far the table is from it', () => {
  assert.equal(
    noteOf(4, 1024),
    "The score is 100 all the same because a partition's small files and deletes count in full only from 12 files and 96 MiB to optimize on; here it is 4 files with 4 KiB.",
  )
})

test('a low score needs no explanation, nor does an empty table', () => {
  assert.equal(noteOf(12, 8 * MIB), undefined)
  assert.equal(noteOf(0, 0), undefined)
})
