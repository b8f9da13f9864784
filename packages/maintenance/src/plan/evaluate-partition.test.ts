import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ScanTask } from '@moraine/iceberg/scan/delete-index'
import { must } from '@moraine/stdx/assert'
import type { EpochMs } from '@moraine/stdx/brand'
import { manifestEntry } from '@moraine/testkit/builders/manifest-entry'
import type { OptimizingClocks, PartitionEvaluation, RequestedType } from './evaluate-partition.ts'
import { evaluateTable } from './evaluate-table.ts'
import { healthScore } from './health-score.ts'
import { parseOptimizingPolicy } from './optimizing-policy.ts'
import { indexOfTasks } from './testing/index-of-tasks.ts'

const MIB = 1024 * 1024
const HOUR = 3_600_000
const NOW = (1000 * HOUR) as EpochMs
const clocks = (ago: number): OptimizingClocks => {
  const last = (NOW - ago) as EpochMs
  return { minor: last, major: last, full: last }
}

function evaluate(
  tasks: readonly ScanTask[],
  over: { readonly clocks?: OptimizingClocks; readonly requested?: RequestedType } = {},
  properties: Record<string, string> = {},
): PartitionEvaluation {
  const { partitions } = evaluateTable({
    metadata: { schemas: [], currentSchemaId: 0, partitionSpecs: [], defaultSpecId: 0, defaultSortOrderId: 0 },
    index: indexOfTasks(tasks),
    policy: parseOptimizingPolicy(properties),
    requested: over.requested ?? 'auto',
    clocks: () => over.clocks ?? clocks(HOUR / 2),
    now: NOW,
  })
  return must(partitions[0], 'partition').evaluation
}

let next = 0
function file(sizeMib: number, deletes: ScanTask['deletes'] = [], recordCount = 1000): ScanTask {
  next += 1
  return {
    data: manifestEntry(1, { filePath: `/t/f${next}.parquet`, fileSizeBytes: Math.floor(sizeMib * MIB), recordCount }),
    deletes,
  }
}
const files = (count: number, sizeMib: number) => Array.from({ length: count }, () => file(sizeMib))
const equality = (recordCount = 1) =>
  manifestEntry(2, {
    filePath: `/t/e${recordCount}.parquet`,
    content: 'equality-deletes',
    equalityIds: [1],
    recordCount,
  })
const positions = (name: string, recordCount: number) =>
  manifestEntry(2, { filePath: `/t/${name}.parquet`, content: 'position-deletes', recordCount })

const triggers: readonly [string, ReturnType<typeof evaluate>['trigger'], () => ReturnType<typeof evaluate>][] = [
  ['11 fragments within the hour', undefined, () => evaluate(files(11, 1))],
  ['12 fragments', 'minor', () => evaluate(files(12, 1))],
  [
    '16 MiB is still a fragment, one byte more is not',
    undefined,
    () => evaluate([...files(11, 16), file(16 + 1 / MIB)]),
  ],
  ['2 fragments after the hour', 'minor', () => evaluate(files(2, 1), { clocks: clocks(HOUR + 1) })],
  ['2 fragments, optimized in the future', 'minor', () => evaluate(files(2, 1), { clocks: clocks(-5 * HOUR) })],
  ['1 fragment after the hour', undefined, () => evaluate(files(1, 1), { clocks: clocks(HOUR + 1) })],
  [
    '2 fragments, time trigger off',
    undefined,
    () => evaluate(files(2, 1), { clocks: clocks(HOUR * 99) }, { 'self-optimizing.minor.trigger.interval': '-1' }),
  ],
  [
    'a fragment and an equality delete after the hour',
    'minor',
    () => evaluate([file(1, [equality()])], { clocks: clocks(HOUR + 1) }),
  ],
  [
    'two position delete files on one file of target size',
    'minor',
    () => evaluate([file(100, [positions('a', 1), positions('b', 1)])]),
  ],
  [
    'one foreign position delete file on a file of target size',
    undefined,
    () => evaluate([file(100, [positions('a', 1)])]),
  ],
  ['more than a tenth of the rows deleted by position', 'major', () => evaluate([file(100, [positions('a', 101)])])],
  ['a tenth of the rows deleted by position', undefined, () => evaluate([file(100, [positions('a', 100)])])],
  ['undersized files that fill a target', 'major', () => evaluate(files(3, 60))],
  ['undersized files that do not', undefined, () => evaluate(files(2, 60))],
  ['undersized files of which no two fit together', undefined, () => evaluate(files(3, 65))],
  [
    'full interval passed, one fragment',
    undefined,
    () => evaluate(files(1, 1), {}, { 'self-optimizing.full.trigger.interval': '1000' }),
  ],
  [
    'full interval passed, two fragments',
    'full',
    () => evaluate(files(2, 1), {}, { 'self-optimizing.full.trigger.interval': '1000' }),
  ],
  [
    'full interval passed, files of target size without deletes',
    undefined,
    () => evaluate(files(5, 100), {}, { 'self-optimizing.full.trigger.interval': '1000' }),
  ],
  ['full asked for, one deleted row', 'full', () => evaluate([file(100, [positions('a', 1)])], { requested: 'full' })],
  ['minor asked for, 2 fragments', 'minor', () => evaluate(files(2, 1), { requested: 'minor' })],
  ['major asked for, 12 fragments', undefined, () => evaluate(files(12, 1), { requested: 'major' })],
]

for (const [what, expected, run] of triggers) {
  test(`${what}: ${expected ?? 'nothing'}`, () => assert.equal(run().trigger, expected))
}

test('a position delete file of many data files is shared out among them, not counted in full against each', () => {
  const shared = positions('shared', 200)
  const tasks = Array.from({ length: 4 }, () => file(100, [shared]))
  assert.equal(evaluate(tasks).rewriteSegments.files, 0)
  assert.equal(evaluate(tasks.slice(0, 1)).rewriteSegments.files, 1)
})

test('cost counts what is written twice, what is read once, deletes and open files', () => {
  const { costBytes } = evaluate([file(1), file(60), file(100, [equality()])])
  assert.equal(costBytes, 2 * 61 * MIB + 10 * MIB + 1 + 3 * 4 * MIB)
})

const policy = parseOptimizingPolicy({})

test('health: nothing small and nothing deleted is 100, an empty table too', () => {
  assert.deepEqual(healthScore([evaluate(files(9, 128))], policy), {
    total: 100,
    smallFiles: 40,
    equalityDeletes: 40,
    positionDeletes: 20,
  })
  assert.equal(healthScore([], policy).total, 100)
})

test('health: twelve files of 8 MiB lose all but the share of their mean size', () => {
  // penalty = 12/12 * 96/96; 40 - 40 * (1 - 8/96) = 3.33, rounded up
  assert.equal(healthScore([evaluate(files(12, 8))], policy).smallFiles, 4)
})

test('health: deletes count by their share of records, up to the duplicate ratio', () => {
  const tasks = Array.from({ length: 12 }, () => file(8, [equality(600)], 1000))
  // penalty 1; 600 of 12,000 records is 5 %, half of the ratio of 10 %
  assert.equal(healthScore([evaluate(tasks)], policy).equalityDeletes, 20)
})

test('a property that is no number is named with its value', () => {
  assert.throws(
    () => parseOptimizingPolicy({ 'self-optimizing.target-size': '128MB' }),
    /self-optimizing.target-size is '128MB': it must be a number/,
  )
})
