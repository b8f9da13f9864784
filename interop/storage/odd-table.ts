import type { Catalog, LoadedTable } from '@moraine/catalogs/catalog'
import type { TableIdentifier } from '@moraine/catalogs/table-identifier'
import { stageSnapshot } from '@moraine/iceberg/commit/stage-snapshot'
import { type ContentFile, EMPTY_METRICS } from '@moraine/iceberg/manifest/content-file'
import type { Schema } from '@moraine/iceberg/schema/schema'
import { assert, must } from '@moraine/stdx/assert'
import { systemClock } from '@moraine/stdx/clock'
import { systemRandom } from '@moraine/stdx/random'
import type { FileIO } from '@moraine/storage/file-io'
import { canonicalRow, sortCanonical } from '@moraine/testkit/canonical-row'
import { deletesOfFirstRows, longColumn, parquetBytes, textColumn } from './parquet-bytes.ts'

/** A table whose partitions and files have awkward names, with an account of what each of its snapshots holds. */
export type OddTable = {
  readonly identifier: TableIdentifier
  readonly location: string
  load(): Promise<LoadedTable>
  /**
   * One file for each region, and deletes of some rows of the files before. Positions are for files that are still there:
   * none has been rewritten since.
   */
  append(deletes: 'positions' | 'equality' | 'none'): Promise<void>
  /** What was written, by snapshot. */
  readonly states: ReadonlyMap<bigint, OddState>
}

export type OddState = {
  /** Canonical, sorted. */
  readonly rows: readonly string[]
  /** Whether equality deletes apply, which PyIceberg refuses to read. */
  readonly hasEqualityDeletes: boolean
}

type Row = { readonly id: bigint; readonly region: string; readonly text: string }
type Written = { readonly filePath: string; readonly rows: readonly Row[] }

/** No `#` and no `?`: at these PyIceberg cuts a location. */
const REGIONS = ['a b', '50% off+more', 'Zürich/日本 %20', 'plain']

const SCHEMA: Schema = {
  schemaId: 0,
  fields: [
    { id: 1, name: 'id', required: true, type: { kind: 'long' } },
    { id: 2, name: 'region', required: true, type: { kind: 'string' } },
    { id: 3, name: 'text', required: false, type: { kind: 'string' } },
  ],
  identifierFieldIds: [],
}

const ROWS = 50
const DELETED = 5

export async function createOddTable(
  catalog: Catalog,
  io: FileIO,
  identifier: TableIdentifier,
  formatVersion: 2 | 3,
): Promise<OddTable> {
  await catalog.createTable(identifier, {
    schema: SCHEMA,
    partitionSpec: { fields: [{ sourceIds: [2], name: 'region', transform: { kind: 'identity' } }] },
    properties: {
      'format-version': String(formatVersion),
      'self-optimizing.target-size': '1048576',
      'self-optimizing.min-plan-interval': '0',
      'self-optimizing.minor.trigger.file-count': '2',
    },
  })
  const load = () => catalog.loadTable(identifier)
  const { location } = (await load()).metadata
  const live = new Map<bigint, Row>()
  const states = new Map<bigint, OddState>()
  let before: readonly Written[] = []
  let hasEqualityDeletes = false

  const store = async (path: string, bytes: Uint8Array) => {
    await io.write(`${location}/${path}`, bytes)
    return { filePath: `${location}/${path}`, fileSizeBytes: bytes.length }
  }
  const writeData = async (region: string, at: number): Promise<Written & { readonly file: ContentFile }> => {
    const first = BigInt((states.size * REGIONS.length + at) * ROWS)
    const rows = Array.from({ length: ROWS }, (_, n) => ({ id: first + BigInt(n), region, text: `${region} ${n}` }))
    const stored = await store(`data/region=${region}/part ${states.size} ü %41+%.parquet`, dataFile(rows))
    return { filePath: stored.filePath, rows, file: { ...stored, content: 'data', ...common(region, ROWS) } }
  }
  const writeDeletes = async ({ filePath, rows }: Written, kind: 'positions' | 'equality'): Promise<ContentFile> => {
    const [gone, region] = [rows.slice(0, DELETED), must(rows[0], 'row').region]
    for (const { id } of gone) live.delete(id)
    const path = `data/region=${region}/deletes ${states.size} & more.parquet`
    if (kind === 'positions') {
      const stored = await store(path, deletesOfFirstRows(filePath, gone.length))
      return { ...stored, content: 'position-deletes', ...common(region, DELETED), referencedDataFile: filePath }
    }
    hasEqualityDeletes = true
    const stored = await store(path, equalityDeletes(gone))
    return { ...stored, content: 'equality-deletes', ...common(region, DELETED), equalityIds: [1] }
  }
  return {
    identifier,
    location,
    load,
    states,
    async append(deletes) {
      const written: Written[] = []
      const added: ContentFile[] = []
      for (const [at, region] of REGIONS.entries()) {
        const { file, ...data } = await writeData(region, at)
        written.push(data)
        added.push(file)
        const earlier = before[at]
        if (deletes !== 'none' && earlier !== undefined) added.push(await writeDeletes(earlier, deletes))
      }
      for (const { rows } of written) for (const row of rows) live.set(row.id, row)
      before = written
      const { metadata } = await load()
      const change = {
        operation: 'overwrite',
        added: added.map((file) => ({ file })),
        removed: [],
        summary: {},
      } as const
      const staged = await stageSnapshot(metadata, change, { io, clock: systemClock, random: systemRandom, attempt: 1 })
      const { kind } = await catalog.commitTable(identifier, staged)
      assert(kind === 'committed', `a commit of the writer: ${kind}`)
      const rows = sortCanonical([...live.values()].map((row) => canonicalRow(row, SCHEMA.fields)))
      states.set(staged.snapshot.snapshotId, { rows, hasEqualityDeletes })
    },
  }
}

function dataFile(rows: readonly Row[]): Uint8Array {
  return parquetBytes([
    [longColumn('id', 1), rows.map(({ id }) => id)],
    [textColumn('region', 2), rows.map(({ region }) => region)],
    [textColumn('text', 3), rows.map(({ text }) => text)],
  ])
}

function equalityDeletes(rows: readonly Row[]): Uint8Array {
  return parquetBytes([[longColumn('id', 1), rows.map(({ id }) => id)]])
}

function common(region: string, recordCount: number) {
  return { fileFormat: 'parquet', specId: 0, partition: [region], recordCount, metrics: () => EMPTY_METRICS } as const
}
