import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Snapshot, SnapshotId } from '@moraine/iceberg/metadata/snapshot'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { DeleteIndex } from '@moraine/iceberg/scan/delete-index'
import type { TablePartition } from '@moraine/iceberg/scan/partition-dictionary'
import { must } from '@moraine/stdx/assert'
import type { EpochMs } from '@moraine/stdx/brand'
import {
  liveRowIds,
  NAIVE_SPECS,
  type NaiveDataFile,
  type NaiveDelete,
  type NaivePartition,
  type NaiveTable,
  naiveEntries,
  survivors,
} from '@moraine/testkit/naive-table/naive-table'
import { arbitraryNaiveTable } from '@moraine/testkit/naive-table/random-naive-table'
import fc from 'fast-check'
import { coveringDeleteName } from './delete-state.ts'
import { NEVER_OPTIMIZED, type OptimizingClocks, type RequestedType } from './evaluate-partition.ts'
import type { UnreadableFiles } from './excluded-files.ts'
import { parseOptimizingPolicy } from './optimizing-policy.ts'
import { namedPartitions } from './partition-filter.ts'
import { planRewrite } from './plan-rewrite.ts'
import type { RewriteGroup, RewritePlan } from './rewrite-plan.ts'
import { describeTasks, indexOfTasks } from './testing/index-of-tasks.ts'

const TARGET = 128 * 1024 * 1024
const NOW = 10_000_000 as EpochMs
const requested = fc.constantFrom<RequestedType>('auto', 'minor', 'major', 'full')

test('committing any subset of a plan keeps the rows that readers see', () => {
  fc.assert(
    fc.property(arbitraryNaiveTable(TARGET), requested, fc.func(fc.boolean()), (table, type, isCommitted) => {
      const plan = planOf(table, type, NEVER_OPTIMIZED)
      const committed = new Set(plan.groups.map((group) => group.groupId).filter((id) => isCommitted(id)))
      assert.deepEqual(liveRowIds(commit(table, plan, committed)), liveRowIds(table))
    }),
    { numRuns: 2000 },
  )
})

test('planning is a fixed point: what was rewritten is no longer a candidate', () => {
  fc.assert(
    fc.property(arbitraryNaiveTable(TARGET), requested, (table, type) => {
      const plan = planOf(table, type, NEVER_OPTIMIZED)
      const after = commit(table, plan, everyGroup(plan))
      const next = planOf(after, type, NEVER_OPTIMIZED)
      // How many rows equality deletes hit is known only once they are converted; then, and only then, a second plan may
      // find that a converted file lost too many rows to be kept.
      const converted = new Set(
        plan.groups.filter(isConversion).flatMap((group) => group.inputs.map((input) => input.filePath)),
      )
      for (const group of next.groups) {
        assert.equal(group.method.kind, 'rewrite')
        assert.ok(group.inputs.some((input) => converted.has(input.filePath)))
      }
      assert.deepEqual(planOf(commit(after, next, everyGroup(next)), type, NEVER_OPTIMIZED).groups, [])
    }),
    { numRuns: 2000 },
  )
})

test('moving every partition into the current spec keeps the rows, at every step, and ends', () => {
  fc.assert(
    fc.property(arbitraryNaiveTable(TARGET), fc.func(fc.boolean()), (table, isCommitted) => {
      const rows = liveRowIds(table)
      const first = planOf(table, 'full', NEVER_OPTIMIZED, UNPARTITIONED)
      const some = new Set(first.groups.map((group) => group.groupId).filter((id) => isCommitted(id)))
      let now = commit(table, first, some)
      assert.deepEqual(liveRowIds(now), rows)
      for (let round = 0; round < 4; round += 1) {
        const plan = planOf(now, 'full', NEVER_OPTIMIZED, UNPARTITIONED)
        now = commit(now, plan, everyGroup(plan))
        assert.deepEqual(liveRowIds(now), rows)
      }
      assert.deepEqual(planOf(now, 'full', NEVER_OPTIMIZED, UNPARTITIONED).groups, [])
      assert.ok(now.data.every((file) => file.p === 'all'))
    }),
    { numRuns: 500 },
  )
})

test('what cannot be read is left out and named; the others make progress, and no row changes', () => {
  let beside = 0
  fc.assert(
    fc.property(arbitraryNaiveTable(TARGET), requested, fc.func(fc.nat(3)), (table, type, sort) => {
      const { data, deletes } = naiveEntries(table)
      const paths = [...data, ...deletes].map(({ file }) => file.filePath)
      const unreadable = new Map(paths.filter((path) => sort(path) === 0).map((path) => [path, `${path} is damaged`]))
      const plan = planOf(table, type, NEVER_OPTIMIZED, PARTITIONED, unreadable)
      const taken = plan.groups.flatMap((group) => [...group.inputs, ...group.deletes].map(({ filePath }) => filePath))
      assert.deepEqual(
        taken.filter((path) => unreadable.has(path)),
        [],
      )
      const whole = planOf(table, type, NEVER_OPTIMIZED)
      if (whole.groups.length > 0 && plan.groups.length === 0) {
        assert.match(plan.skipped.map(({ reason }) => reason).join(), /unreadable|nothing-to-gain/)
      }
      for (const { reason, detail } of plan.skipped) {
        if (reason === 'unreadable')
          assert.ok(
            [...unreadable.values()].some((said) => detail.endsWith(said)),
            detail,
          )
      }
      if (plan.groups.length > 0 && plan.skipped.some(({ reason }) => reason === 'unreadable')) beside += 1
      assert.deepEqual(liveRowIds(commit(table, plan, everyGroup(plan))), liveRowIds(table))
    }),
    { numRuns: 500 },
  )
  assert.ok(beside > 20, `only ${beside} of the plans had something to do beside what was left out`)
})

test('of partitions that are asked for no file of another is taken, and what is left keeps its rows', () => {
  let narrowed = 0
  const specId = fc.constantFrom(PARTITIONED, UNPARTITIONED)
  fc.assert(
    fc.property(arbitraryNaiveTable(TARGET), requested, specId, fc.func(fc.boolean()), (table, type, into, isAsked) => {
      const asked = [...new Set(table.data.map(({ p }) => nameOf(p)))].filter((name) => isAsked(name))
      const filter = namedPartitions(asked)
      const chooses = (partition: TablePartition) => filter.judge(partition) === 'all'
      const plan = planOf(table, type, NEVER_OPTIMIZED, into, new Map(), chooses)
      for (const group of plan.groups) {
        assert.ok(asked.includes(group.partitionPath))
        for (const { filePath } of group.inputs) assert.ok(asked.includes(nameOf(dataFile(table, filePath).p)))
      }
      const whole = planOf(table, type, NEVER_OPTIMIZED, into)
      if (plan.groups.length > 0 && plan.groups.length < whole.groups.length) narrowed += 1
      assert.deepEqual(liveRowIds(commit(table, plan, everyGroup(plan))), liveRowIds(table))
    }),
    { numRuns: 1000 },
  )
  assert.ok(narrowed > 50, `only ${narrowed} of the plans left something out`)
})

test('the order in which files are read does not change the plan', () => {
  fc.assert(
    fc.property(arbitraryNaiveTable(TARGET), requested, (table, type) => {
      const reversed = { data: [...table.data].reverse(), deletes: table.deletes }
      assert.deepEqual(planOf(reversed, type, NEVER_OPTIMIZED).groups, planOf(table, type, NEVER_OPTIMIZED).groups)
    }),
    { numRuns: 200 },
  )
})

const nameOf = (p: NaivePartition) => (p === 'all' ? '' : `p=${p}`)
const isConversion = (group: RewriteGroup) => group.method.kind === 'convert-deletes'
const everyGroup = (plan: RewritePlan) => new Set(plan.groups.map((group) => group.groupId))

// The partition column is not in the schema, so rows cannot be moved to spec 0; they can be to the unpartitioned one.
const PARTITIONED = 0
const UNPARTITIONED = 1

function planOf(
  table: NaiveTable,
  type: RequestedType,
  clocks: OptimizingClocks,
  defaultSpecId = PARTITIONED,
  unreadable: UnreadableFiles = new Map(),
  chooses: (partition: TablePartition) => boolean = () => true,
): RewritePlan {
  const { data, deletes } = naiveEntries(table)
  const deleteIndex = new DeleteIndex(deletes, NAIVE_SPECS, () => undefined)
  const tasks = data.map((entry) => ({ data: entry, deletes: deleteIndex.deletesFor(entry) }))
  const planning = planRewrite({
    metadata: {
      tableUuid: 'u',
      location: '/t',
      schemas: [{ schemaId: 0, fields: [], identifierFieldIds: [] }],
      partitionSpecs: [...NAIVE_SPECS.values()],
      currentSchemaId: 0,
      defaultSortOrderId: 0,
      defaultSpecId,
      properties: {},
    } as unknown as TableMetadata,
    snapshot: { snapshotId: 1n as SnapshotId, sequenceNumber: lastSequence(table) } as Snapshot,
    index: indexOfTasks(tasks, deletes),
    unreadable,
    policy: parseOptimizingPolicy({}),
    requested: type,
    maxCostBytes: Number.POSITIVE_INFINITY,
    chooses,
    clocks: () => clocks,
    now: NOW,
  })
  let step = planning.next()
  while (step.done !== true) step = planning.next(describeTasks(tasks, step.value))
  return step.value
}

// Does to the model what executing and committing the groups does to a table: each group sees only what the plan hands it.
function commit(table: NaiveTable, plan: RewritePlan, committed: ReadonlySet<number>): NaiveTable {
  const groups = plan.groups.filter((group) => committed.has(group.groupId))
  const rewritten = new Set(
    groups.filter((group) => !isConversion(group)).flatMap((group) => group.inputs.map((input) => input.filePath)),
  )
  const released = new Set(
    plan.releasedDeletes
      .filter((each) => each.groupIds.every((id) => committed.has(id)))
      .map((each) => each.delete.filePath),
  )
  return {
    data: [
      ...table.data.filter((file) => !rewritten.has(file.path)),
      ...groups.filter((group) => !isConversion(group)).flatMap((group) => outputFile(table, plan, group)),
    ],
    deletes: [
      ...table.deletes.filter((each) => !released.has(each.path)),
      ...groups
        .filter((group) => group.method.kind === 'convert-deletes')
        .flatMap((group) => coveringDeletes(table, plan, group)),
    ],
  }
}

function outputFile(table: NaiveTable, plan: RewritePlan, group: RewriteGroup): readonly NaiveDataFile[] {
  const inputs = group.inputs.map((input) => ({ input, file: dataFile(table, input.filePath) }))
  const rows = inputs.flatMap(({ input, file }) => survivors(file, deletesOf(table, group, input.deletes)))
  const [first] = inputs
  if (rows.length === 0 || first === undefined) return []
  const sizeBytes = inputs.reduce((sum, { file }) => sum + file.sizeBytes, 0)
  return [
    {
      // Unlike any other: the first input is gone.
      path: `${first.file.path}+`,
      sequence: plan.baseSequenceNumber,
      p: group.outputSpecId === UNPARTITIONED ? 'all' : first.file.p,
      sizeBytes,
      rows,
    },
  ]
}

function coveringDeletes(table: NaiveTable, plan: RewritePlan, group: RewriteGroup): readonly NaiveDelete[] {
  return group.inputs.flatMap((input) => {
    const file = dataFile(table, input.filePath)
    const kept = new Set(survivors(file, deletesOf(table, group, input.deletes)))
    const positions = file.rows.flatMap((row, pos) => (kept.has(row) ? [] : [{ path: file.path, pos }]))
    if (positions.length === 0) return []
    const path = `/t/data/${coveringDeleteName(file.path, plan.baseSequenceNumber, 'u', 'parquet')}`
    return [{ kind: 'position', path, sequence: plan.baseSequenceNumber + 1, sizeBytes: 1000, p: file.p, positions }]
  })
}

function deletesOf(table: NaiveTable, group: RewriteGroup, ordinals: readonly number[]): readonly NaiveDelete[] {
  const paths = new Set(ordinals.map((ordinal) => must(group.deletes[ordinal], 'delete').filePath))
  return table.deletes.filter((each) => paths.has(each.path))
}

function dataFile(table: NaiveTable, path: string): NaiveDataFile {
  return must(
    table.data.find((file) => file.path === path),
    path,
  )
}

function lastSequence(table: NaiveTable): number {
  return Math.max(...table.data.map((file) => file.sequence), ...table.deletes.map((each) => each.sequence))
}
