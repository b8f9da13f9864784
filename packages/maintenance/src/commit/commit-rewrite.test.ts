import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CatalogTables, CommitOutcome } from '@moraine/catalogs/catalog'
import { currentSnapshot } from '@moraine/iceberg/metadata/snapshot-history'
import { parseTableMetadata } from '@moraine/iceberg/metadata/table-metadata-json'
import { readLiveFiles, readManifests } from '@moraine/iceberg/scan/read-manifests'
import { must } from '@moraine/stdx/assert'
import type { EpochMs } from '@moraine/stdx/brand'
import { MoraineError } from '@moraine/stdx/error'
import { systemRandom } from '@moraine/stdx/random'
import type { FileIO } from '@moraine/storage/file-io'
import { copyFixture } from '@moraine/testkit/fixtures/fixture-table'
import { type MemoryCatalogTables, memoryCatalogTables } from '@moraine/testkit/memory-catalog-tables'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import type { RewritePlan } from '../plan/rewrite-plan.ts'
import { planTable } from '../table/plan-table.ts'
import { readTable } from '../table/read-table.ts'
import { commitRewrite, type ReportedResult, type RewriteOutcome } from './commit-rewrite.ts'
import { attemptOutput, reportedRewrite } from './testing/reported-rewrite.ts'

const IDENTIFIER = { namespace: ['db'], name: 't' }

type Commit = CatalogTables['commitTable']
/** How a catalog answers: told what would happen if it just committed. */
type Answer = (commit: () => ReturnType<Commit>, call: number) => Promise<CommitOutcome>

async function tableWithPlan(): Promise<Table> {
  const { fileIO, metadataLocation } = await copyFixture('v2-position-deletes', memoryFileIO(), '/copy')
  const store = memoryCatalogTables(parseTableMetadata(await fileIO.read(metadataLocation), metadataLocation))
  const state = await readTable(fileIO, await store.loadTable(IDENTIFIER))
  const plan = must(await planTable(fileIO, state, { type: 'full', now: 1e13 as EpochMs }), 'a plan')
  assert.ok(plan.groups.length > 0)
  const results = await Promise.all(
    plan.groups.map((group) => reportedRewrite(fileIO, group, attemptOutput(group, '/copy/data/'))),
  )
  return { io: fileIO, store, plan, results }
}

type Table = {
  readonly io: FileIO
  readonly store: MemoryCatalogTables
  readonly plan: RewritePlan
  readonly results: readonly ReportedResult[]
}

async function commitThrough(
  table: Table,
  answer: Answer,
  {
    unreachableAfter = Number.POSITIVE_INFINITY,
    isHeld = async () => false,
  }: { readonly unreachableAfter?: number; readonly isHeld?: () => Promise<boolean> } = {},
) {
  const { io, store, plan, results } = table
  const clock = virtualClock()
  let calls = 0
  const tables: CatalogTables = {
    ...store,
    loadTable: async (identifier, signal) => {
      if (calls >= unreachableAfter) throw new MoraineError('unavailable', 'the catalog is gone')
      return store.loadTable(identifier, signal)
    },
    commitTable: (identifier, commit, signal) => {
      calls += 1
      return answer(() => store.commitTable(identifier, commit, signal), calls)
    },
  }
  const pending = commitRewrite(
    { identifier: IDENTIFIER, plan, results, processId: 'p1' },
    { tables, io, clock: { ...clock, sleep: async () => {} }, random: systemRandom, isHeld },
  )
  const report: RewriteOutcome | Error = await pending.catch((error: unknown) => error as Error)
  return { report, calls }
}

/** Metadata files that no snapshot refers to. */
async function strays({ io, store }: Table): Promise<readonly string[]> {
  const metadata = store.current()
  const known = new Set<string>()
  for (const snapshot of metadata.snapshots) {
    if (snapshot.manifests.kind !== 'inline') known.add(nameOf(snapshot.manifests.location))
    for (const manifest of await readManifests(io, metadata, snapshot)) known.add(nameOf(manifest.manifestPath))
  }
  const found: string[] = []
  for await (const { location } of io.list('/copy/metadata/')) {
    if (location.endsWith('.avro') && !known.has(nameOf(location))) found.push(location)
  }
  return found
}

function nameOf(location: string): string {
  return location.slice(location.lastIndexOf('/') + 1)
}

/** The data files of the table now, which also shows that it can be read. */
async function dataFiles({ io, store }: Table): Promise<readonly string[]> {
  const metadata = store.current()
  const { data } = await readLiveFiles(io, metadata, must(currentSnapshot(metadata), 'a snapshot'))
  return data.map((entry) => entry.file.filePath).sort()
}

const outputs = ({ results }: Table) =>
  results.flatMap(({ result }) => result.dataFiles.map((file) => file.filePath)).sort()
const refuse: CommitOutcome = { kind: 'conflict', reason: 'somebody was first' }
const unknown: CommitOutcome = { kind: 'unknown', cause: new Error('no answer') }

const landing =
  (answer: () => CommitOutcome): Answer =>
  async (commit) => {
    await commit()
    return answer()
  }
const fail = (error: MoraineError) => (): never => {
  throw error
}

const LANDED: readonly (readonly [string, Answer])[] = [
  ['at once', (commit) => commit()],
  ['after two refusals', (commit, call) => (call > 2 ? commit() : Promise.resolve(refuse))],
  ['with an answer that was lost', landing(() => unknown)],
  ['twice on the way, so that the answer is a refusal', landing(() => refuse)],
  ['although the request was given up', landing(fail(new MoraineError('aborted', 'given up')))],
  ['although the catalog says otherwise', landing(fail(new MoraineError('permission', 'no')))],
]
for (const [what, answer] of LANDED) {
  test(`committed ${what}: told as such, once, and nothing else is left`, async () => {
    const table = await tableWithPlan()
    const before = table.store.current().snapshots.length
    const strayBefore = await strays(table)
    const { report } = await commitThrough(table, answer)
    assert.equal('kind' in report && report.kind, 'committed')
    assert.equal(table.store.current().snapshots.length, before + 1)
    assert.deepEqual(await dataFiles(table), outputs(table))
    assert.deepEqual(await strays(table), strayBefore)
    const again = await commitThrough(table, () => Promise.reject(new Error('not to be called')))
    assert.equal('kind' in again.report && again.report.kind, 'committed')
  })
}

const REFUSED: readonly (readonly [string, Answer, RegExp, number])[] = [
  ['conflicts ten times', async () => refuse, /changed during each of 10 attempts.*somebody was first/, 10],
  ['is not allowed', () => Promise.reject(new MoraineError('permission', 'not yours')), /not yours/, 1],
  ['finds the disk full', () => Promise.reject(new MoraineError('exhausted', 'disk full')), /disk full/, 1],
]
for (const [what, answer, message, attempts] of REFUSED) {
  test(`a commit that ${what} changes nothing and leaves nothing`, async () => {
    const table = await tableWithPlan()
    const before = [table.store.current(), await strays(table)]
    const { report, calls } = await commitThrough(table, answer)
    assert.match(String(report), message)
    assert.equal(calls, attempts)
    assert.deepEqual([table.store.current(), await strays(table)], before)
  })
}

const UNKNOWN: readonly (readonly [string, Answer])[] = [
  ['was not answered and is not there', async () => unknown],
  ['was given up', () => Promise.reject(new MoraineError('timeout', 'too slow'))],
]
for (const [what, answer] of UNKNOWN) {
  test(`a commit that ${what} is unknown, and what was staged stays`, async () => {
    const table = await tableWithPlan()
    const { report } = await commitThrough(table, answer)
    assert.equal('kind' in report && report.kind, 'unknown')
    assert.ok((await strays(table)).length > 0)
  })
}

test('a refusal by a catalog that then went away is unknown: it may have been the echo of the commit', async () => {
  const table = await tableWithPlan()
  const { report } = await commitThrough(
    table,
    landing(() => refuse),
    { unreachableAfter: 1 },
  )
  assert.equal('kind' in report && report.kind, 'unknown')
  assert.deepEqual(await dataFiles(table), outputs(table))
})

test('a table that is held from the second try on is left alone, and nothing is left of what was staged', async () => {
  const table = await tableWithPlan()
  const before = [table.store.current(), await strays(table)]
  let asked = 0
  const isHeld = async () => {
    asked += 1
    return asked === 2
  }
  const { report, calls } = await commitThrough(table, async () => refuse, { isHeld })
  assert.deepEqual([report, calls], [{ kind: 'held' }, 1])
  assert.deepEqual([table.store.current(), await strays(table)], before)
  const unsure = await commitThrough(table, (commit) => commit(), {
    isHeld: () => Promise.reject(new MoraineError('unavailable', 'the database is gone')),
  })
  assert.match(String(unsure.report), /the database is gone/)
  assert.deepEqual([table.store.current(), await strays(table)], before)
  assert.equal((await commitThrough(table, (commit) => commit())).calls, 1)
})

test('a group whose output is missing, or of another size, is left out; the rest is committed', async () => {
  for (const [spoil, reason] of [
    [(io: FileIO, path: string) => io.remove([path]), /00001-run-1-0.parquet is not there/],
    [async (io: FileIO, path: string) => void (await io.write(path, new Uint8Array(3))), /has 3 bytes, not \d+/],
  ] as const) {
    const table = await tableWithPlan()
    await spoil(table.io, '/copy/data/00001-run-1-0.parquet')
    const { report } = await commitThrough(table, (commit) => commit())
    assert.ok('left' in report)
    assert.deepEqual(
      report.left.map(({ groupId }) => groupId),
      [1],
    )
    assert.match(report.left[0]?.reason ?? '', reason)
    assert.equal((await dataFiles(table)).includes('/copy/data/00001-run-1-0.parquet'), false)
  }
})
