import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { after, test } from 'node:test'
import { openTableDirectory, type TableDirectory } from '@moraine/catalogs/filesystem/table-directory'
import { currentSnapshot } from '@moraine/iceberg/metadata/snapshot-history'
import { readLiveFiles, readManifests } from '@moraine/iceberg/scan/read-manifests'
import { planTable } from '@moraine/maintenance/table/plan-table'
import { readTable } from '@moraine/maintenance/table/read-table'
import { DuckDbPool } from '@moraine/rewrite/duckdb/duckdb-pool'
import { must } from '@moraine/stdx/assert'
import { systemClock } from '@moraine/stdx/clock'
import { describeError, MoraineError } from '@moraine/stdx/error'
import { systemRandom } from '@moraine/stdx/random'
import type { FileIO } from '@moraine/storage/file-io'
import { localFileIO } from '@moraine/storage/local-file-io'
import { damageBytes } from '@moraine/testkit/damage/damage-bytes'
import {
  type DirectoryState,
  directoryChanges,
  directoryState,
  restoreDirectory,
} from '@moraine/testkit/damage/directory-state'
import { copyFixture } from '@moraine/testkit/fixtures/fixture-table'
import { relocate } from '@moraine/testkit/fixtures/overlay-file-io'
import { sampleFigures } from '../sample/sample-report.ts'
import { runPlan } from './optimize-table.ts'

// Tables of other engines on a real disk, in Hadoop's layout, with one file damaged, through all that `table optimize`
// does: open, read, plan, execute in the DuckDB child, verify, commit. The rule, for every seed:
//
// - refused: every error names the damaged file, or a file that it refers to and that now contradicts it or is not where
//   it says, and the directory is byte for byte what it was; or
// - nothing to do, and the directory is what it was; or
// - committed, and one of these holds:
//   - once the damaged file is as it was before, the table has exactly its original rows, with their lineage. So nothing
//     was lost: what was not readable is still referenced, and what was rewritten was rewritten rightly;
//   - the values are exactly those that any reader of the damaged table got before. So nobody can tell: something
//     changed where the format has no checksum.
//   Every file that came is part of the table: no output is leaked.
//
// In no case is there a temporary file, or anything left in the work directory.

/** Each with the share of the damages below that it takes; less where a plan has many groups, which takes long. */
const TABLES = {
  'v1-copy-on-write': 1.5,
  'evolved-spec-v1': 1.5,
  'v1-upgraded-to-v2': 0.7,
  'gzip-metadata': 1,
  'v2-position-deletes': 0.4,
  'v2-position-deletes-by-file': 1,
  'equality-and-position-deletes': 1,
  'equality-deletes-by-partition': 0.7,
  'evolved-schema': 1,
  'nested-types': 1,
  'awkward-names': 1.5,
  'v3-deletion-vectors': 0.4,
  'v3-equality-deletes-and-vectors': 1,
  'v3-defaults': 1,
}

/** How many damages of each kind of file. Planning alone is a matter of milliseconds; data needs the child each time. */
const STORM = Number(process.env['MORAINE_CORRUPTION_STORM'] ?? 1)
const DAMAGES = { metadata: 36, 'manifest-list': 20, manifest: 22, data: 5, deletes: 4 } as const
const FIRST_SEED = Number(process.env['MORAINE_CORRUPTION_FROM'] ?? 1)

type Kind = keyof typeof DAMAGES

const root = mkdtempSync(join(tmpdir(), 'moraine-storm-'))
const workDir = join(root, 'work')
const pool = new DuckDbPool({ clock: systemClock, size: 2, memoryLimitBytes: 256 * 1024 * 1024, tasksPerChild: 64 })
after(async () => {
  await pool.close()
  rmSync(root, { recursive: true, force: true })
})

type Figures = { readonly rows: number; readonly rowHash: string } | { readonly failure: string }
type Outcome = 'refused' | 'nothing to do' | 'nothing lost' | 'nobody can tell'

type Lab = {
  readonly directory: string
  readonly location: string
  readonly io: FileIO
  /** Of the table before any damage. */
  readonly pristine: DirectoryState
  readonly figures: Figures
  readonly files: ReadonlyMap<Kind, readonly string[]>
}

const total = new Map<string, number>()

for (const [index, [name, share]] of Object.entries(TABLES).entries()) {
  test(`${name}: a damaged file is named, and nothing is lost`, { timeout: 600_000 * STORM }, async (context) => {
    const lab = await openLab(name)
    const counts = new Map<string, number>()
    for (const kind of Object.keys(DAMAGES) as Kind[]) {
      const files = lab.files.get(kind) ?? []
      if (files.length === 0) continue
      for (let count = 0; count < DAMAGES[kind] * share * STORM; count += 1) {
        const seed = FIRST_SEED + index * 1_000_000 + count
        const outcome = await survive(lab, must(files[count % files.length], 'a file'), seed)
        for (const map of [counts, total]) map.set(`${kind}: ${outcome}`, (map.get(`${kind}: ${outcome}`) ?? 0) + 1)
      }
    }
    context.diagnostic(formatCounts(counts))
    rmSync(lab.directory, { recursive: true })
  })
}

test('a thousand damages, and most of them were noticed', (context) => {
  context.diagnostic(formatCounts(total))
  const sum = (pattern: RegExp) => [...total].reduce((all, [key, count]) => all + (pattern.test(key) ? count : 0), 0)
  assert.ok(sum(/./) >= 1000, `${sum(/./)} damages`)
  assert.ok(sum(/refused/) > sum(/./) / 2)
})

/** Damages one file, optimizes the table, holds what came of it to the rule, and makes the table what it was. */
async function survive(lab: Lab, path: string, seed: number): Promise<Outcome> {
  const original = must(lab.pristine.get(path), path)
  const { what, bytes } = damageBytes(original, seed)
  writeFileSync(join(lab.directory, path), bytes)
  try {
    return await hold(lab, path, `seed ${seed}: ${what} of ${path}`)
  } finally {
    restoreDirectory(lab.directory, lab.pristine)
  }
}

async function hold(lab: Lab, path: string, what: string): Promise<Outcome> {
  const before = directoryState(lab.directory)
  const errors = await optimize(lab, what)
  const after = directoryState(lab.directory)
  for (const error of errors) assert.ok(isNamed(lab, path, error), `${what}: an error does not name it: ${error}`)
  assert.deepEqual(leftovers(), [], what)
  const { added, changed, removed } = directoryChanges(before, after)
  // Some of the tables ask for the removal of old metadata files.
  assert.deepEqual(
    removed.filter((name) => !/\/v\d+(\.gz)?\.metadata\.json$/.test(name)),
    [],
    what,
  )
  if (added.length === 0 && changed.length === 0) return errors.length > 0 ? 'refused' : 'nothing to do'
  assert.deepEqual(changed, ['metadata/version-hint.text'], what)
  assert.deepEqual(await unreferenced(lab, added), [], `${what}: leaked files`)

  writeFileSync(join(lab.directory, path), must(lab.pristine.get(path), path))
  const mended = await figuresOf(lab, 'with lineage')
  if (sameFigures(mended, lab.figures)) return 'nothing lost'
  restoreDirectory(lab.directory, after)
  const written = await figuresOf(lab, 'values')
  restoreDirectory(lab.directory, before)
  const seen = await figuresOf(lab, 'values')
  assert.ok(!('failure' in written), `${what}: what was committed cannot be read`)
  assert.deepEqual(written, seen, `${what}: other rows than the original ones, and than those read before`)
  return 'nobody can tell'
}

/** What each kind of file refers to. */
const REFERS_TO: Readonly<Record<Kind, readonly Kind[]>> = {
  metadata: ['manifest-list', 'manifest', 'data', 'deletes'],
  'manifest-list': ['manifest', 'data', 'deletes'],
  manifest: ['data', 'deletes'],
  data: [],
  deletes: ['data'],
}

function isNamed(lab: Lab, path: string, error: string): boolean {
  const { files } = lab
  if (error.includes(basename(path))) return true
  const kind = must(
    [...files].find(([, paths]) => paths.includes(path)),
    path,
  )[0]
  if (REFERS_TO[kind].some((other) => files.get(other)?.some((each) => error.includes(basename(each))))) return true
  return REFERS_TO[kind].length > 0 && namesNothing(lab, error)
}

/** Whether an error is about a path at which the table has nothing: a reference was damaged. */
function namesNothing({ pristine }: Lab, error: string): boolean {
  const names = new Set([...pristine.keys()].map((name) => basename(name)))
  const paths = error.match(/\/[^:;,]*?\.(avro?|parquet|puffin|json)[^\s:;,]*/g) ?? []
  return paths.some((each) => !names.has(basename(each)))
}

function leftovers(): readonly string[] {
  return existsSync(workDir) ? readdirSync(workDir) : []
}

function sameFigures(a: Figures, b: Figures): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

/** Of some files of the table, those that its current version does not name. */
async function unreferenced(lab: Lab, files: readonly string[]): Promise<readonly string[]> {
  const named = new Set([...(await filesOf(lab)).values()].flat())
  return files.filter((file) => !named.has(file) && file !== 'metadata/version-hint.text')
}

/** Runs the whole way. @returns every error there was; only `MoraineError`s, of which an operator can act on each. */
async function optimize(lab: Lab, what: string): Promise<readonly string[]> {
  const signal = AbortSignal.timeout(120_000)
  try {
    const store = await openTable(lab, signal)
    const table = { name: store.identifier.name, identifier: store.identifier, store, io: lab.io, storage: {} }
    const state = await readTable(lab.io, await store.loadTable(store.identifier, signal), signal)
    const plan = await planTable(lab.io, state, { type: 'full', now: systemClock.now() }, signal)
    if (plan === undefined || plan.groups.length === 0) return []
    const { commit, failures } = await runPlan(table, plan, {
      clock: systemClock,
      random: systemRandom,
      pool,
      workDir,
      threads: 2,
      timeoutMs: 60_000,
      signal,
      onGroup: () => {},
    })
    assert.notEqual(commit.kind, 'unknown')
    return failures.map(({ reason }) => reason)
  } catch (error) {
    if (!(error instanceof MoraineError) || error.kind === 'internal' || error.kind === 'timeout')
      throw new Error(what, { cause: error })
    return [describeError(error)]
  }
}

function openTable({ io, location }: Pick<Lab, 'io' | 'location'>, signal?: AbortSignal): Promise<TableDirectory> {
  const hadoop = {
    io,
    clock: systemClock,
    random: systemRandom,
    onLeftover: (error: unknown) => assert.fail(String(error)),
  }
  return openTableDirectory(hadoop, location, signal)
}

async function figuresOf(lab: Pick<Lab, 'io' | 'location'>, what: 'values' | 'with lineage'): Promise<Figures> {
  try {
    const store = await openTable(lab)
    const loaded = await store.loadTable(store.identifier)
    const snapshotId = loaded.metadata.currentSnapshotId
    if (snapshotId === undefined) return { rows: 0, rowHash: '' }
    // Only tables of version 3 have lineage.
    const metadata = what === 'values' ? { ...loaded.metadata, formatVersion: 2 as const } : loaded.metadata
    const { rows, rowHash } = await sampleFigures({ ...loaded, metadata }, snapshotId, {
      io: lab.io,
      pool,
      workDir,
      clock: systemClock,
      random: systemRandom,
      signal: new AbortController().signal,
      timeoutMs: 60_000,
      onProgress: () => {},
    })
    return { rows, rowHash }
  } catch (error) {
    if (error instanceof MoraineError) return { failure: error.kind }
    throw error
  }
}

async function openLab(name: string): Promise<Lab> {
  const directory = join(root, name)
  const { fileIO: io, location } = await copyFixture(name, localFileIO(systemRandom), directory)
  const figures = await figuresOf({ io, location }, 'with lineage')
  assert.ok(!('failure' in figures), `${name} cannot be read: ${JSON.stringify(figures)}`)
  return {
    directory,
    location,
    io,
    pristine: directoryState(directory),
    figures,
    files: await filesOf({ io, location }),
  }
}

/** The files by which readers find the current rows, relative to the table's directory. */
async function filesOf(lab: Pick<Lab, 'io' | 'location'>): Promise<ReadonlyMap<Kind, readonly string[]>> {
  const store = await openTable(lab)
  const { metadata, metadataLocation } = await store.loadTable(store.identifier)
  const snapshot = must(currentSnapshot(metadata), 'snapshot')
  const manifests = await readManifests(lab.io, metadata, snapshot)
  const { data, deletes } = await readLiveFiles(lab.io, metadata, snapshot)
  const list = snapshot.manifests.kind === 'list' ? [snapshot.manifests.location] : []
  const relative = (locations: readonly string[]) =>
    [...new Set(locations)].map((each) => must(relocate(each, lab.location, ''), each).slice(1))
  return new Map<Kind, readonly string[]>([
    ['metadata', relative([metadataLocation])],
    ['manifest-list', relative(list)],
    ['manifest', relative(manifests.map(({ manifestPath }) => manifestPath))],
    ['data', relative(data.map(({ file }) => file.filePath))],
    ['deletes', relative(deletes.map(({ file }) => file.filePath))],
  ])
}

function formatCounts(counts: ReadonlyMap<string, number>): string {
  return [...counts]
    .map(([key, count]) => `${key} ${count}`)
    .toSorted()
    .join(', ')
}
