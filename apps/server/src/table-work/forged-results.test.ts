import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stageSnapshot } from '@moraine/iceberg/commit/stage-snapshot'
import { currentSnapshot } from '@moraine/iceberg/metadata/snapshot-history'
import { parseTableMetadata } from '@moraine/iceberg/metadata/table-metadata-json'
import { readLiveFiles } from '@moraine/iceberg/scan/read-manifests'
import type { ProcessId, TaskId } from '@moraine/lifecycle/identity'
import { parquetOfRows, resultOf } from '@moraine/maintenance/commit/testing/reported-rewrite'
import { dataFileLocation } from '@moraine/maintenance/plan/output-names'
import type { RewriteResult } from '@moraine/maintenance/plan/rewrite-result'
import { formatRewriteResult } from '@moraine/maintenance/plan/rewrite-result-json'
import type { RewriteTask } from '@moraine/maintenance/plan/rewrite-task'
import { parseRewriteTask } from '@moraine/maintenance/plan/rewrite-task-json'
import { must } from '@moraine/stdx/assert'
import type { EpochMs } from '@moraine/stdx/brand'
import { seededRandom } from '@moraine/stdx/random'
import { copyFixture } from '@moraine/testkit/fixtures/fixture-table'
import { memoryCatalogTables } from '@moraine/testkit/memory-catalog-tables'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { icebergMaintenance } from './iceberg-maintenance.ts'

// An optimizer that reports what is not so, with counts and evidence that agree with each other: its results go through
// the service's own steps, and at last to the commit without the check at the door, as another version would have let
// them pass.

const signal = new AbortController().signal
const TABLE = { catalog: 'lake', namespace: ['db'], name: 't' }
const PROCESS = '1887436800000000001' as ProcessId
const ATTEMPT = 2

type Work = { readonly input: string; readonly taskId: TaskId; readonly task: RewriteTask; readonly rows: number }

async function setUp() {
  const { fileIO: io, metadataLocation } = await copyFixture('v1-upgraded-to-v2', memoryFileIO(), '/copy')
  const store = memoryCatalogTables(parseTableMetadata(await io.read(metadataLocation), metadataLocation))
  const identifier = { namespace: ['db'], name: 't' }
  const random = seededRandom(3)
  const clock = virtualClock()
  const reached = { store, io, identifier, boundsFiles: false, loadStorage: async () => ({}) }
  const maintenance = icebergMaintenance({ clock, random, reach: async () => reached })
  const request = { table: TABLE, clocks: new Map(), now: 1e13 as EpochMs, maxCostBytes: 1e12, processId: PROCESS }
  const planned = await maintenance.plan({ ...request, request: { type: 'full' } }, signal)
  const work = planned.tasks.map(({ input }, at): Work => {
    const key = { processId: PROCESS, taskId: (at + 1) as TaskId, attempt: ATTEMPT }
    const task = parseRewriteTask(maintenance.attemptInput(input, key))
    const rows = task.group.inputs.reduce((sum, each) => sum + each.recordCount, 0)
    return { input, taskId: key.taskId, task, rows }
  })
  const live = async () => {
    const metadata = store.current()
    const { data } = await readLiveFiles(io, metadata, must(currentSnapshot(metadata), 'a snapshot'))
    return data.map(({ file }) => file)
  }
  return {
    io,
    live,
    work,
    /** A file at any place, with as many rows. */
    write: async (filePath: string, rows: number) => {
      const bytes = parquetOfRows(rows)
      await io.write(filePath, bytes)
      return { filePath, fileSizeBytes: bytes.length }
    },
    check: ({ input, taskId }: Work, result: RewriteResult) =>
      maintenance.checkOutput(input, { processId: PROCESS, taskId, attempt: ATTEMPT }, formatRewriteResult(result)),
    commit: (...reports: readonly (readonly [Work, RewriteResult])[]) =>
      maintenance.commit(
        {
          ...{ table: TABLE, processId: PROCESS, plan: planned.plan, isHeld: async () => false },
          results: reports.map(([{ taskId, input }, result]) => {
            return { taskId, attempt: ATTEMPT, input, output: formatRewriteResult(result) }
          }),
        },
        signal,
      ),
    /** Somebody else puts a file into the table. */
    async append(filePath: string) {
      const [known] = await live()
      const file = { ...must(known, 'a file'), filePath }
      const change = { operation: 'append', added: [{ file }], removed: [], summary: {} } as const
      const staged = await stageSnapshot(store.current(), change, { io, clock, random, attempt: 1 })
      await store.commitTable(identifier, staged)
    },
  }
}

type Lab = Awaited<ReturnType<typeof setUp>>
const workOf = ({ work }: Lab, at = 0): Work => must(work[at], 'a task')
const ownFile = ({ task }: Work, at = 0) => dataFileLocation(task.output, at)
const paths = async (lab: Lab) => (await lab.live()).map(({ filePath }) => filePath).sort()

test('a result that names the files of its attempt is accepted and committed', async () => {
  const lab = await setUp()
  const one = workOf(lab)
  const result = resultOf(one.task.group, await lab.write(ownFile(one), one.rows))
  assert.equal(lab.check(one, result).kind, 'accepted')
  const report = await lab.commit([one, result])
  assert.deepEqual(report.kind === 'settled' && [report.committed, report.refused], [[one.taskId], []])
  assert.ok((await paths(lab)).includes(ownFile(one)))
})

/** What is reported instead of the attempt's own file, which may well be there. */
const FOREIGN: Readonly<Record<string, (lab: Lab, one: Work) => Promise<string> | string>> = {
  'a live file of another group': async (lab, one) => {
    const inputs = new Set(one.task.group.inputs.map(({ filePath }) => filePath))
    return must((await lab.live()).find(({ filePath }) => !inputs.has(filePath))?.filePath, 'another file')
  },
  'a file of another table': () => '/elsewhere/other_table/data/x.parquet',
  'an output of an earlier attempt': (_, one) => ownFile(one).replace(`-${ATTEMPT}-0.`, `-${ATTEMPT - 1}-0.`),
  'an output of another group': (lab) => ownFile(workOf(lab, 1)),
  'a name that climbs out': (_, { task: { output } }) => `${output.directory}../${output.filePrefix}-0.parquet`,
  'an escaped name that climbs out': (_, { task: { output } }) => {
    return `${output.directory}%2e%2e/${output.filePrefix}-0.parquet`
  },
  'a name of another scheme': (_, one) => `s3://bucket${ownFile(one)}`,
  'the same place in other words': (_, one) => `file:${ownFile(one)}`,
}

for (const [what, place] of Object.entries(FOREIGN)) {
  test(`a result that names ${what} is refused when it comes, and when it is committed`, async () => {
    const lab = await setUp()
    const one = workOf(lab)
    const filePath = await place(lab, one)
    const found = await lab.io.stat(filePath).catch(() => undefined)
    const before = await paths(lab)
    const file = found
      ? { filePath, fileSizeBytes: found.sizeBytes }
      : // Where the name cannot be written to, the file of that size is elsewhere.
        { ...(await lab.write(filePath.includes('..') ? '/copy/x' : filePath, one.rows)), filePath }
    const result = resultOf(one.task.group, file)
    const checked = lab.check(one, result)
    assert.match(checked.kind === 'refused' ? checked.reason : 'accepted', /is not a file of this attempt/)
    const report = await lab.commit([one, result])
    assert.ok(report.kind === 'settled')
    assert.deepEqual(report.committed, [])
    assert.match(report.refused[0]?.reason ?? '', /is not a file of this attempt/)
    assert.deepEqual(await paths(lab), before)
  })
}

test('of two groups that name one file the one whose file it is goes in', async () => {
  const lab = await setUp()
  const [one, two] = [workOf(lab), workOf(lab, 1)]
  const file = await lab.write(ownFile(one), one.rows)
  const report = await lab.commit([one, resultOf(one.task.group, file)], [two, resultOf(two.task.group, file)])
  assert.ok(report.kind === 'settled')
  assert.deepEqual([report.committed, report.refused.map(({ taskId }) => taskId)], [[one.taskId], [two.taskId]])
  const after = await paths(lab)
  assert.equal(after.filter((path) => path === file.filePath).length, 1)
  for (const { filePath } of two.task.group.inputs) assert.ok(after.includes(filePath))
})

test('a result of another group is refused, and that group is told of its own alone', async () => {
  const lab = await setUp()
  const [one, two] = [workOf(lab), workOf(lab, 1)]
  const own = resultOf(one.task.group, await lab.write(ownFile(one), one.rows))
  assert.equal(lab.check(two, own).kind, 'refused')
  const report = await lab.commit([one, own], [two, own])
  assert.ok(report.kind === 'settled')
  assert.deepEqual(report.committed, [one.taskId])
  assert.deepEqual(report.refused, [{ taskId: two.taskId, reason: 'the result is of group 1' }])
})

test('a file that somebody put into the table meanwhile is not put in again', async () => {
  const lab = await setUp()
  const one = workOf(lab)
  const result = resultOf(one.task.group, await lab.write(ownFile(one), one.rows))
  await lab.append(`file:${ownFile(one)}`)
  const report = await lab.commit([one, result])
  assert.ok(report.kind === 'settled')
  assert.match(report.refused[0]?.reason ?? '', /is a file of the table already/)
})

/** What is wrong with the attempt's own file. */
const STORED: readonly (readonly [string, (lab: Lab, one: Work) => Promise<RewriteResult>, RegExp])[] = [
  ...([-1, 1] as const).map(
    (more) =>
      [
        `${more} row more than was reported`,
        async (lab: Lab, one: Work) => resultOf(one.task.group, await lab.write(ownFile(one), one.rows + more)),
        /holds \d+ rows, reported were \d+/,
      ] as const,
  ),
  [
    'another size',
    async (lab, one) => {
      const file = await lab.write(ownFile(one), one.rows)
      return resultOf(one.task.group, { ...file, fileSizeBytes: file.fileSizeBytes - 1 })
    },
    /has \d+ bytes, not \d+/,
  ],
  [
    'vanished',
    async (lab, one) => {
      const file = await lab.write(ownFile(one), one.rows)
      await lab.io.remove([file.filePath])
      return resultOf(one.task.group, file)
    },
    /is not there/,
  ],
  [
    'no Parquet in it',
    async (lab, one) => {
      await lab.io.write(ownFile(one), new Uint8Array(100))
      return resultOf(one.task.group, { filePath: ownFile(one), fileSizeBytes: 100 })
    },
    /cannot be read.*does not end in PAR1/,
  ],
]

for (const [what, report, reason] of STORED) {
  test(`a file that has ${what} is not committed, and others of the process are`, async () => {
    const lab = await setUp()
    const [one, two] = [workOf(lab), workOf(lab, 1)]
    const result = await report(lab, one)
    assert.equal(lab.check(one, result).kind, 'accepted', 'no file is opened at the door')
    const settled = await lab.commit(
      [one, result],
      [two, resultOf(two.task.group, await lab.write(ownFile(two), two.rows))],
    )
    assert.ok(settled.kind === 'settled')
    assert.deepEqual(settled.committed, [two.taskId])
    assert.match(settled.refused[0]?.reason ?? '', reason)
    assert.ok(!(await paths(lab)).includes(ownFile(one)))
  })
}
