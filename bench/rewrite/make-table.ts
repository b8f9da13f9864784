import { existsSync } from 'node:fs'
import { link, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { filesystemCatalog } from '@moraine/catalogs/filesystem/filesystem-catalog'
import { stageSnapshot } from '@moraine/iceberg/commit/stage-snapshot'
import type { ContentFile } from '@moraine/iceberg/manifest/content-file'
import { EMPTY_METRICS } from '@moraine/iceberg/manifest/content-file'
import { encodeDeletionVector } from '@moraine/iceberg/puffin/deletion-vector'
import { deletionVectorBlob, writePuffin } from '@moraine/iceberg/puffin/puffin-writer'
import { readFooter } from '@moraine/parquet/footer/parquet-footer'
import { outputMetrics } from '@moraine/rewrite/output/output-metrics'
import { withLocalReader } from '@moraine/rewrite/staging/local-reader'
import { systemClock } from '@moraine/stdx/clock'
import { seededRandom } from '@moraine/stdx/random'
import { localFileIO } from '@moraine/storage/local-file-io'
import {
  COLUMN_LIST,
  equalityKeysSql,
  FIELD_IDS,
  FIELDS,
  isDeletedSql,
  isHitByPosition,
  KEY_FIELDS,
  rowsSql,
} from './generated-rows.ts'
import { openSql, type Sql } from './sql.ts'
import { EQUALITY_FILES, firstRows, ROUNDS, roundOf, VECTORS_PER_PUFFIN, type Workload } from './workload.ts'

/** A table on disk as it is before every run. */
export type BenchTable = {
  readonly location: string
  readonly dataFiles: readonly string[]
  readonly deleteFiles: readonly string[]
  readonly inputBytes: number
  /** What a reader must see, before as after: computed from row numbers alone, not by applying deletes. */
  readonly expected: { readonly rows: string; readonly hash: string }
  /** All files, relative to the location; whatever else is there came from a run. */
  readonly files: readonly string[]
  readonly versionHint: string
}

/** Makes the table, unless it is there from an earlier time. */
export async function benchTable(cache: string, workload: Workload): Promise<BenchTable> {
  const location = join(cache, 'bench', workload.name.toLowerCase())
  const description = join(cache, `${workload.name.toLowerCase()}.json`)
  if (existsSync(description)) return JSON.parse(await readFile(description, 'utf8')) as BenchTable
  process.stderr.write(`bench: making ${workload.name}, ${workload.title}, in ${location}\n`)
  await rm(location, { recursive: true, force: true })
  await mkdir(join(location, 'data'), { recursive: true })
  await mkdir(join(cache, 'pool'), { recursive: true })
  const sql = await openSql()
  try {
    const maker = new TableMaker(cache, location, workload, sql)
    const table = await maker.make()
    await writeFile(description, JSON.stringify(table))
    return table
  } finally {
    sql.close()
  }
}

/** Removes what a run added and makes the version before it the current one. */
export async function resetTable(table: BenchTable): Promise<void> {
  const known = new Set(table.files)
  for (const file of await filesBelow(table.location)) {
    if (!known.has(file)) await rm(join(table.location, file))
  }
  await writeFile(join(table.location, VERSION_HINT), table.versionHint)
}

const VERSION_HINT = 'metadata/version-hint.text'
const COPY_OPTIONS = `FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION V1`

class TableMaker {
  readonly #cache: string
  readonly #location: string
  readonly #workload: Workload
  readonly #sql: Sql
  readonly #io = localFileIO(seededRandom(1))
  readonly #identifier

  constructor(cache: string, location: string, workload: Workload, sql: Sql) {
    this.#cache = cache
    this.#location = location
    this.#workload = workload
    this.#sql = sql
    this.#identifier = { namespace: ['bench'], name: workload.name.toLowerCase() }
  }

  async make(): Promise<BenchTable> {
    const catalog = filesystemCatalog({
      name: 'bench',
      warehouse: this.#cache,
      io: this.#io,
      clock: systemClock,
      random: seededRandom(2),
      onLeftover: (error) => process.stderr.write(`${String(error)}\n`),
    })
    await catalog.createTable(this.#identifier, {
      schema: { schemaId: 0, fields: FIELDS, identifierFieldIds: [] },
      properties: { 'format-version': String(this.#workload.formatVersion) },
    })
    const data: ContentFile[] = []
    const deletes: ContentFile[] = []
    for (const [at, first] of firstRows(this.#workload).entries()) data.push(await this.#dataFile(at, first))
    const append = async (files: readonly ContentFile[], operation: 'append' | 'overwrite') => {
      if (files.length === 0) return
      const { metadata } = await catalog.loadTable(this.#identifier)
      const change = { operation, added: files.map((file) => ({ file })), removed: [], summary: {} }
      const context = {
        io: this.#io,
        clock: systemClock,
        random: seededRandom(data.length + deletes.length),
        attempt: 1,
      }
      const outcome = await catalog.commitTable(this.#identifier, await stageSnapshot(metadata, change, context))
      if (outcome.kind !== 'committed') throw new Error(`${this.#workload.name}: ${outcome.kind}`)
    }
    const rounds = this.#workload.deletes === 'equality-deletes' ? ROUNDS : 1
    for (let round = 0; round < rounds; round += 1) {
      await append(
        data.filter((_, at) => rounds === 1 || roundOf(at, data.length) === round),
        'append',
      )
      const own = await this.#deleteFiles(data, round)
      deletes.push(...own)
      for (const file of rounds === 1 ? [own] : own.map((each) => [each])) await append(file, 'overwrite')
    }
    return this.#describe(data, deletes)
  }

  async #describe(data: readonly ContentFile[], deletes: readonly ContentFile[]): Promise<BenchTable> {
    const dataFiles = data.map((file) => file.filePath)
    const deleteFiles = [...new Set(deletes.map((file) => file.filePath))]
    const sizes = await Promise.all([...dataFiles, ...deleteFiles].map(async (path) => (await stat(path)).size))
    const expected = await rowFigures(this.#sql, dataFiles, `NOT ${isDeletedSql(this.#workload)}`)
    return {
      location: this.#location,
      dataFiles,
      deleteFiles,
      inputBytes: sizes.reduce((sum, size) => sum + size, 0),
      expected,
      files: await filesBelow(this.#location),
      versionHint: await readFile(join(this.#location, VERSION_HINT), 'utf8'),
    }
  }

  // Tables share the data files of equal rows.
  async #dataFile(at: number, first: number): Promise<ContentFile> {
    const rows = this.#workload.fileRows[at] ?? 0
    const shared = join(this.#cache, 'pool', `rows-${first}-${rows}.parquet`)
    if (!existsSync(shared)) {
      const groupRows = Math.ceil(rows / 2 / 2048) * 2048
      const options = `${COPY_OPTIONS}, FIELD_IDS ${FIELD_IDS}, ROW_GROUP_SIZE ${rows < 100_000 ? 122_880 : groupRows}`
      await this.#sql.run(`COPY (${rowsSql(first, rows)}) TO '${shared}.part' (${options})`)
      await rename(`${shared}.part`, shared)
    }
    const filePath = join(this.#location, 'data', `${String(at).padStart(5, '0')}.parquet`)
    await link(shared, filePath)
    return contentFile(filePath, { content: 'data' })
  }

  async #deleteFiles(data: readonly ContentFile[], round: number): Promise<readonly ContentFile[]> {
    switch (this.#workload.deletes) {
      case 'none':
        return []
      case 'position-deletes':
        return Promise.all(data.map((file, at) => this.#positionDeletes(file, at)))
      case 'deletion-vectors':
        return this.#deletionVectors(data)
      case 'equality-deletes': {
        const files = Array.from({ length: EQUALITY_FILES }, (_, at) => at)
        const own = files.filter((at) => roundOf(at, EQUALITY_FILES) === round)
        return Promise.all(own.map((at) => this.#equalityDeletes(at)))
      }
    }
  }

  async #positionDeletes({ filePath: dataFile }: ContentFile, at: number): Promise<ContentFile> {
    const filePath = join(this.#location, 'data', `${String(at).padStart(5, '0')}-deletes.parquet`)
    const ids = `FIELD_IDS {file_path: 2147483546, pos: 2147483545}`
    await this.#sql.run(
      `COPY (SELECT '${dataFile}' AS file_path, pos FROM (${this.#hits(at)})) TO '${filePath}' (${COPY_OPTIONS}, ${ids})`,
    )
    return contentFile(filePath, { content: 'position-deletes', referencedDataFile: dataFile })
  }

  async #deletionVectors(data: readonly ContentFile[]): Promise<readonly ContentFile[]> {
    const made: ContentFile[] = []
    for (let first = 0; first < data.length; first += VECTORS_PER_PUFFIN) {
      const members = data.slice(first, first + VECTORS_PER_PUFFIN)
      const filePath = join(this.#location, 'data', `${String(first).padStart(5, '0')}-deletes.puffin`)
      const positions = await Promise.all(members.map((_, at) => this.#positions(first + at)))
      const blobs = members.map(({ filePath: referencedDataFile }, at) =>
        deletionVectorBlob(encodeDeletionVector(positions[at] ?? []), {
          referencedDataFile,
          cardinality: positions[at]?.length ?? 0,
        }),
      )
      const puffin = writePuffin(blobs, { 'created-by': 'moraine bench' })
      await writeFile(filePath, puffin.bytes)
      made.push(
        ...members.map(
          ({ filePath: referencedDataFile }, at): ContentFile => ({
            content: 'position-deletes',
            filePath,
            fileFormat: 'puffin',
            specId: 0,
            partition: [],
            recordCount: positions[at]?.length ?? 0,
            fileSizeBytes: puffin.bytes.length,
            metrics: () => EMPTY_METRICS,
            referencedDataFile,
            contentOffset: puffin.blobs[at]?.offset ?? 0,
            contentSizeBytes: puffin.blobs[at]?.length ?? 0,
          }),
        ),
      )
    }
    return made
  }

  async #equalityDeletes(at: number): Promise<ContentFile> {
    const filePath = join(this.#location, 'data', `${String(at).padStart(5, '0')}-keys.parquet`)
    const ids = `FIELD_IDS {${KEY_FIELDS.map(({ name, id }) => `${name}: ${id}`).join(', ')}}`
    await this.#sql.run(`COPY (${equalityKeysSql(at)}) TO '${filePath}' (${COPY_OPTIONS}, ${ids})`)
    return contentFile(filePath, { content: 'equality-deletes', equalityIds: KEY_FIELDS.map(({ id }) => id) })
  }

  async #positions(at: number): Promise<readonly number[]> {
    return (await this.#sql.rows(this.#hits(at))).map(([pos]) => Number(pos))
  }

  #hits(at: number): string {
    const first = firstRows(this.#workload)[at] ?? 0
    const rows = this.#workload.fileRows[at] ?? 0
    return `SELECT (i - ${first})::BIGINT AS pos FROM range(${first}, ${first + rows}) r(i) WHERE ${isHitByPosition('i')} ORDER BY pos`
  }
}

/** Count and order-independent hash of the rows of some files, the same for equal multisets of rows. */
export async function rowFigures(
  sql: Sql,
  paths: readonly string[],
  only = 'TRUE',
): Promise<{ readonly rows: string; readonly hash: string }> {
  const list = paths.map((path) => `'${path}'`).join(', ')
  const [row] = await sql.rows(
    `SELECT count(*)::VARCHAR, sum(hash(${COLUMN_LIST}))::VARCHAR FROM read_parquet([${list}], hive_partitioning=false) WHERE ${only}`,
  )
  return { rows: String(row?.[0]), hash: String(row?.[1]) }
}

async function contentFile(
  filePath: string,
  more: Pick<ContentFile, 'content'> & Partial<ContentFile>,
): Promise<ContentFile> {
  return withLocalReader(filePath, async (reader) => {
    const footer = await readFooter(reader, filePath)
    const { metrics, splitOffsets } = outputMetrics(footer, 'duckdb')
    return {
      filePath,
      fileFormat: 'parquet' as const,
      specId: 0,
      partition: [],
      recordCount: footer.metadata.numRows,
      fileSizeBytes: reader.sizeBytes,
      metrics: () => metrics,
      splitOffsets,
      ...more,
    }
  })
}

async function filesBelow(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .sort()
}
