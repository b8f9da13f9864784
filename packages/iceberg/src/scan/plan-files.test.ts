import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { must } from '@moraine/stdx/assert'
import { isKind } from '@moraine/stdx/error'
import { allFixtureNames, type FixtureTable, openFixture } from '@moraine/testkit/fixtures/fixture-table'
import fc from 'fast-check'
import { parquetMetadata, parquetReadObjects } from 'hyparquet'
import { compareValues } from '../expression/compare-values.ts'
import { type BoundColumn, type BoundExpression, holds, mapPredicates, TRUE } from '../expression/expression.ts'
import { matchesValue } from '../expression/matches-value.ts'
import { columnFilter, type ScanFilter, type ScanTerm } from '../expression/scan-filter.ts'
import { EDGES, filterOf, type TypedColumn } from '../expression/testing/arbitrary-filter.ts'
import { contentFileKey } from '../manifest/content-file.ts'
import type { ManifestEntry } from '../manifest/manifest-entry.ts'
import { decodeMetadataFile } from '../metadata/metadata-file.ts'
import type { Snapshot } from '../metadata/snapshot.ts'
import type { TableMetadata } from '../metadata/table-metadata.ts'
import { parseTableMetadata } from '../metadata/table-metadata-json.ts'
import { indexSchema } from '../schema/schema-index.ts'
import { isPrimitive } from '../schema/type.ts'
import type { Literal } from '../value/literal.ts'
import { decodeSingleValue } from '../value/single-value.ts'
import { appendsBetween } from './appends-between.ts'
import { DeleteIndex } from './delete-index.ts'
import { type PlannedFile, planFiles } from './plan-files.ts'
import { readLiveFiles } from './read-manifests.ts'
import { cutRange, wholeRange } from './scan-range.ts'
import { openScan, type TableScan } from './scan-sections.ts'

// Every retained state of every fixture, planned with random filters, against its live files, their rows and all deletes.

type Row = ReadonlyMap<number, Literal>
type State = {
  readonly name: string
  readonly table: FixtureTable
  readonly metadata: TableMetadata
  readonly snapshot: Snapshot
  readonly data: readonly ManifestEntry[]
  readonly deletes: readonly ManifestEntry[]
  readonly columns: readonly BoundColumn[]
  /** Of the Parquet files, by path; absent for those of other formats. */
  readonly rows: ReadonlyMap<string, readonly Row[]>
}

const TESTED: ReadonlySet<string> = new Set([
  'boolean',
  'int',
  'long',
  'float',
  'double',
  'string',
  'date',
  'timestamp',
])

const states: State[] = []
for (const name of allFixtureNames()) {
  const table = await openFixture(name)
  const text = decodeMetadataFile(await table.fileIO.read(table.metadataLocation), table.metadataLocation)
  const metadata = parseTableMetadata(text, table.metadataLocation)
  for (const snapshot of metadata.snapshots) {
    if (snapshot.manifests.kind !== 'list') continue
    const { data, deletes } = await readLiveFiles(table.fileIO, metadata, snapshot)
    const columns = columnsOf(metadata)
    const rows = new Map<string, readonly Row[]>()
    for (const { file } of data) {
      if (file.fileFormat === 'parquet') rows.set(file.filePath, await readRows(table, file.filePath, columns))
    }
    states.push({ name: `${name} at ${snapshot.snapshotId}`, table, metadata, snapshot, data, deletes, columns, rows })
  }
}

/** Columns of the current schema at the top whose values in old files are their own. */
function columnsOf(metadata: TableMetadata): readonly BoundColumn[] {
  const schema = metadata.schemas.find(({ schemaId }) => schemaId === metadata.currentSchemaId)
  return (schema?.fields ?? []).flatMap(({ id, name, type, initialDefault }) =>
    isPrimitive(type) && TESTED.has(type.kind) && initialDefault === undefined ? [{ fieldId: id, name, type }] : [],
  )
}

async function readRows(table: FixtureTable, path: string, columns: readonly BoundColumn[]): Promise<readonly Row[]> {
  const bytes = Uint8Array.from(await table.fileIO.read(path))
  const footer = parquetMetadata(bytes.buffer)
  const codecs = footer.row_groups.flatMap((group) => group.columns.map((column) => column.meta_data?.codec))
  if (codecs.some((codec) => codec === 'LZ4' || codec === 'LZ4_RAW' || codec === 'BROTLI')) return []
  const names = new Map<number, string>()
  for (const { field_id: id, name, num_children: children } of footer.schema) {
    if (id !== undefined && children === undefined) names.set(id, name)
  }
  const wanted = columns.flatMap((column) => {
    const name = names.get(column.fieldId)
    return name === undefined ? [] : [{ column, name }]
  })
  if (wanted.length === 0) return []
  const rows = await parquetReadObjects({
    file: bytes.buffer,
    columns: wanted.map(({ name }) => name),
    compressors: {
      GZIP: (input) => new Uint8Array(gunzipSync(input)),
      ZSTD: (input) => new Uint8Array(zstdDecompressSync(input)),
    },
    parsers: { dateFromDays: (days) => days, timestampFromMicroseconds: (micros) => micros },
  })
  return rows.map(
    (row) =>
      new Map(
        wanted.flatMap(({ column, name }): [number, Literal][] => {
          const value: unknown = row[name]
          return value === null || value === undefined ? [] : [[column.fieldId, literalOf(column, value)]]
        }),
      ),
  )
}

/** Columns may have been widened since the file was written. */
function literalOf({ type }: BoundColumn, value: unknown): Literal {
  const isWide = type.kind === 'long' || type.kind === 'timestamp'
  if (typeof value === 'number' && isWide) return BigInt(value)
  assert.ok(
    typeof value === 'number' || typeof value === 'bigint' || typeof value === 'string' || typeof value === 'boolean',
  )
  return value
}

function scanOf({ metadata, snapshot }: State, filter: ScanFilter): TableScan {
  return { metadata, filter, scope: { kind: 'snapshot', snapshot } }
}

async function plan(state: State, filter: ScanFilter): Promise<readonly PlannedFile[]> {
  const open = await openScan(state.table.fileIO, scanOf(state, filter))
  return planFiles(state.table.fileIO, open, wholeRange(open.sections))
}

/** Filters on values that occur in the table, and on the edges of types. */
function filtersOn(state: State): fc.Arbitrary<ScanFilter> {
  const typed: readonly TypedColumn[] = state.columns.map((column) => {
    const own = [...state.rows.values()].flatMap((rows) => rows.flatMap((row) => row.get(column.fieldId) ?? []))
    const edges = EDGES.find(([type]) => type.kind === column.type.kind)?.[1] ?? []
    return { column, values: fc.constantFrom(...own.slice(0, 50), ...edges) }
  })
  return typed.length === 0 ? fc.constant(TRUE) : filterOf(typed).map(onTerms)
}

function onTerms(filter: BoundExpression): ScanFilter {
  return mapPredicates<BoundColumn, Literal, ScanTerm, Literal>(filter, (each) => ({
    ...each,
    ref: { column: each.ref, type: each.ref.type },
  }))
}

function satisfies(row: Row, filter: ScanFilter): boolean {
  return holds(columnFilter(filter, TRUE), (each) => matchesValue(each, row.get(each.ref.fieldId) ?? null))
}

const paths = (files: readonly { readonly data: ManifestEntry }[]) => files.map(({ data }) => data.file.filePath)
const keys = (entries: readonly ManifestEntry[]) => entries.map(({ file }) => contentFileKey(file))

test('without a filter a plan holds all live files, each with the deletes that apply to it', async () => {
  for (const state of states) {
    const planned = await plan(state, TRUE)
    assert.deepEqual(paths(planned), paths(state.data.map((data) => ({ data }))), state.name)
    const index = indexOf(state)
    for (const { data, deletes, residual } of planned) {
      assert.equal(residual.op, 'true')
      assert.deepEqual(keys(deletes), keys(index.deletesFor(data)), `${state.name} ${data.file.filePath}`)
    }
  }
})

function indexOf({ metadata, deletes }: State): DeleteIndex {
  const specs = new Map(metadata.partitionSpecs.map((spec) => [spec.specId, spec]))
  return new DeleteIndex(deletes, specs, (fieldId) => {
    for (const schema of metadata.schemas.toReversed()) {
      const type = indexSchema(schema).fieldsById.get(fieldId)?.field.type
      if (type !== undefined) return isPrimitive(type) ? type : undefined
    }
    return undefined
  })
}

test('no row that satisfies a filter is planned away, and residual filters decide as the filter does', async () => {
  let pruned = 0
  let decided = 0
  for (const state of states) {
    const index = indexOf(state)
    await fc.assert(
      fc.asyncProperty(filtersOn(state), async (filter) => {
        const planned = new Map((await plan(state, filter)).map((each) => [each.data.file.filePath, each]))
        for (const data of state.data) {
          const { filePath } = data.file
          const file = planned.get(filePath)
          if (file === undefined) pruned += 1
          else {
            if (file.residual.op === 'true' && filter.op !== 'true') decided += 1
            assert.deepEqual(keys(file.deletes), keys(index.deletesFor(data)), `deletes of ${filePath}`)
          }
          for (const row of state.rows.get(filePath) ?? []) {
            const expected = satisfies(row, filter)
            assert.equal(file === undefined ? false : satisfies(row, file.residual), expected, filePath)
          }
        }
        assert.ok([...planned.keys()].every((path) => state.data.some(({ file }) => file.filePath === path)))
      }),
      { numRuns: 3 },
    )
  }
  // Or the test would show nothing.
  assert.ok(pruned > 100 && decided > 10, `${pruned} pruned, ${decided} decided`)
})

test('more deletes than are kept are refused, and files of a manifest that does not say how many it has', async () => {
  const state = must(
    states.find(({ data, deletes }) => data.length > 1 && deletes.length > 1),
    'a state with deletes',
  )
  const { metadata, snapshot, table, deletes } = state
  const open = await openScan(table.fileIO, { metadata, scope: { kind: 'snapshot', snapshot }, filter: TRUE })
  const whole = wholeRange(open.sections)
  const refused = (what: string) => (error: unknown) =>
    isKind(error, 'unsupported') && error.message.includes(`brings the ${what} that may match to more than`)
  await planFiles(table.fileIO, open, whole, { keptMax: deletes.length })
  await assert.rejects(planFiles(table.fileIO, open, whole, { keptMax: deletes.length - 1 }), refused('deletes'))
  const uncounted = open.sections.map((section, from) => {
    const { addedFilesCount: _, ...manifest } = section.manifest
    return { ...section, manifest, from, to: from + 1 }
  })
  const bare = { ...open, deleteManifests: [], sections: uncounted }
  await assert.rejects(planFiles(table.fileIO, bare, wholeRange(uncounted), { keptMax: 0 }), refused('files'))
})

test('no file is planned whose bounds say that it has no match', async () => {
  let judged = 0
  for (const state of states.filter(({ metadata, snapshot }) => metadata.currentSnapshotId === snapshot.snapshotId)) {
    for (const column of state.columns) {
      for (const { file } of state.data) {
        const upper = file.metrics().upperBounds.get(column.fieldId)
        if (upper === undefined) continue
        const value = boundOf(column, upper)
        if (value === undefined) continue
        judged += 1
        const planned = await plan(state, onTerms({ op: 'gt', ref: column, value }))
        const mayHold = state.data.filter((each) => {
          const bound = each.file.metrics().upperBounds.get(column.fieldId)
          const decoded = bound && boundOf(column, bound)
          return decoded === undefined || compareValues(column.type, decoded, value) > 0
        })
        const left = new Set(paths(planned))
        for (const path of left) {
          const isFloat = column.type.kind === 'float' || column.type.kind === 'double'
          assert.ok(
            isFloat || mayHold.some((each) => each.file.filePath === path),
            `${state.name} ${column.name} ${path}`,
          )
        }
        break
      }
    }
  }
  assert.ok(judged > 30, String(judged))
})

function boundOf({ type }: BoundColumn, bytes: Uint8Array): Literal | undefined {
  try {
    return decodeSingleValue(type, bytes)
  } catch {
    return undefined
  }
}

test('the parts of a plan are the plan, however it is cut', async () => {
  for (const state of states.filter(({ data }) => data.length > 1)) {
    const { fileIO } = state.table
    await fc.assert(
      fc.asyncProperty(
        filtersOn(state),
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 2, max: 3 }),
        async (filter, limit, parts) => {
          const open = await openScan(fileIO, scanOf(state, filter))
          const whole = await planFiles(fileIO, open, wholeRange(open.sections))
          const pieces: PlannedFile[] = []
          const waiting = [wholeRange(open.sections)]
          for (let range = waiting.shift(); range !== undefined; range = waiting.shift()) {
            const cuts = cutRange(open.sections, range, limit, parts)
            assert.ok(cuts.length <= parts)
            if (cuts.length > 1) waiting.unshift(...cuts)
            else pieces.push(...(await planFiles(fileIO, open, cuts[0] ?? range)))
          }
          assert.deepEqual(
            pieces.map(({ data, deletes }) => [data.file.filePath, ...keys(deletes)]),
            whole.map(({ data, deletes }) => [data.file.filePath, ...keys(deletes)]),
          )
        },
      ),
      { numRuns: 1 },
    )
  }
})

test('a plan may end where enough rows are certain', async () => {
  const state = states.find(({ data, deletes }) => data.length > 1 && deletes.length === 0)
  assert.ok(state !== undefined)
  const open = await openScan(state.table.fileIO, scanOf(state, TRUE))
  const planned = await planFiles(state.table.fileIO, open, wholeRange(open.sections), { enoughRows: 1n })
  assert.equal(planned.length, 1)
})

test('an incremental scan holds the files that were appended', async () => {
  let ranges = 0
  for (const state of states) {
    const { metadata, snapshot, table } = state
    if (snapshot.operation !== 'append' || snapshot.parentSnapshotId === undefined) continue
    const snapshots = appendsBetween(metadata, snapshot.parentSnapshotId, snapshot.snapshotId)
    const open = await openScan(table.fileIO, { metadata, filter: TRUE, scope: { kind: 'appends', snapshots } })
    const planned = await planFiles(table.fileIO, open, wholeRange(open.sections))
    const appended = state.data.filter((entry) => entry.snapshotId === snapshot.snapshotId)
    assert.deepEqual(paths(planned).sort(), paths(appended.map((data) => ({ data }))).sort(), state.name)
    assert.ok(planned.every(({ deletes }) => deletes.length === 0))
    ranges += 1
  }
  assert.ok(ranges > 20)
})

test('an incremental scan is refused where more than appends happened, and across unknown snapshots', async () => {
  const { metadata, snapshot } = states.find((each) => each.snapshot.operation === 'overwrite') ?? assert.fail()
  const { parentSnapshotId, snapshotId } = snapshot
  assert.ok(parentSnapshotId !== undefined)
  assert.throws(() => appendsBetween(metadata, parentSnapshotId, snapshotId), { kind: 'unsupported' })
  const unknown = (snapshotId + 1n) as typeof snapshotId
  assert.throws(() => appendsBetween(metadata, parentSnapshotId, unknown), { kind: 'not-found' })
  const first = states.find(
    (each) => each.snapshot.operation === 'append' && each.snapshot.parentSnapshotId === undefined,
  )
  assert.ok(first !== undefined)
  assert.throws(() => appendsBetween(first.metadata, unknown, first.snapshot.snapshotId), { kind: 'invalid-input' })
  assert.deepEqual(appendsBetween(metadata, snapshotId, snapshotId), [])
})
