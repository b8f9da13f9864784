import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { isKind } from '@moraine/stdx/error'
import { readFooter } from '../footer/parquet-footer.ts'
import { bytesReader } from '../testing/bytes-reader.ts'
import { memorySink, readParquetRows, SAMPLE_SCHEMA, sampleFile } from '../testing/sample-file.ts'
import type { ConcatInput, ConcatOptions } from './concat-plan.ts'
import { loadConcatSource } from './concat-source.ts'
import { planConcat } from './plan-concat.ts'
import { runConcat } from './run-concat.ts'
import { verifyConcat } from './verify-concat.ts'

const FIELD_IDS = `{id: 1, name: 2, place: {__duckdb_field_id: 3, x: 4, tags: {__duckdb_field_id: 5, element: 6}},
  counts: {__duckdb_field_id: 7, key: 8, value: 9}, amount: 10, day: 11, moment: 12, big: 13, raw: 14}`

const ROWS = (from: number, to: number) => `SELECT i AS id,
    CASE WHEN i % 7 = 0 THEN NULL ELSE 'name ' || (i % 50) END AS name,
    CASE WHEN i % 11 = 0 THEN NULL ELSE {'x': i, 'tags': CASE WHEN i % 3 = 0 THEN NULL ELSE ['a' || i, NULL] END} END AS place,
    MAP {'one': i, 'two': NULL} AS counts,
    (i / 3)::DECIMAL(12, 2) AS amount,
    DATE '2024-01-01' + (i % 30)::INT AS day,
    TIMESTAMPTZ '2024-01-01 00:00:00Z' + to_seconds(i) AS moment,
    (i::DECIMAL(38, 0) * 1000000000000000000) AS big,
    encode('raw ' || i) AS raw
  FROM range(${from}, ${to}) t(i)`

const PLAIN: ConcatOptions = { rowLineage: false, createdBy: 'moraine version 0.1.0' }

suite('concat of files by DuckDB', () => {
  let directory: string
  let db: DuckDBInstance
  let connection: DuckDBConnection

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'moraine-concat-'))
    db = await DuckDBInstance.create(':memory:', {
      threads: '1',
      // Two instances with the same one corrupt each other's spill files.
      temp_directory: join(directory, 'spill'),
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
    })
    connection = await db.connect()
    await connection.run(`SET TimeZone='UTC'`)
  })

  after(async () => {
    connection.closeSync()
    db.closeSync()
    await rm(directory, { recursive: true })
  })

  const query = async (sql: string) => (await connection.runAndReadAll(sql)).getRowsJson()

  const make = async (name: string, from: number, to: number, options = 'COMPRESSION zstd, ROW_GROUP_SIZE 2048') => {
    const path = join(directory, name)
    await connection.run(`COPY (${ROWS(from, to)}) TO '${path}'
      (FORMAT parquet, FIELD_IDS ${FIELD_IDS}, ${options})`)
    return await readFile(path)
  }

  const concat = async (
    files: readonly Uint8Array[],
    choices: readonly Omit<ConcatInput, 'source'>[],
    options = PLAIN,
  ) => {
    const inputs = await Promise.all(
      files.map(async (file, at) => ({ source: await loadConcatSource(bytesReader(file), `${at}`), ...choices[at] })),
    )
    const plan = planConcat(inputs, options)
    assert.ok(plan.kind === 'planned', plan.kind === 'refused' ? plan.reason : '')
    const sink = memorySink()
    const result = await runConcat(plan, files.map(bytesReader), sink)
    await verifyConcat(result, bytesReader(sink.bytes()))
    const path = join(directory, 'out.parquet')
    await writeFile(path, sink.bytes())
    return { path, plan, bytes: sink.bytes() }
  }

  const read = (path: string) => `read_parquet('${path}', hive_partitioning=false, file_row_number=true)`
  const hashOf = async (from: string) =>
    await query(`SELECT count(*), sum(hash(t)::HUGEINT), bit_xor(hash(t)) FROM ${from} t`)

  test('rows, nested ones included, are equal and in order, whatever the codecs', async () => {
    const files = [
      await make('a.parquet', 0, 10_000),
      await make('b.parquet', 10_000, 10_100, 'COMPRESSION snappy, PARQUET_VERSION V2'),
      await make('c.parquet', 10_100, 20_000, 'COMPRESSION zstd, ROW_GROUP_SIZE 4096'),
    ]
    const { path, plan } = await concat(files, [])
    assert.deepEqual(
      await hashOf(`(SELECT * EXCLUDE file_row_number FROM ${read(path)})`),
      await hashOf(`(${ROWS(0, 20_000)})`),
    )
    assert.deepEqual(await query(`SELECT count(*) FROM ${read(path)} WHERE id <> file_row_number`), [['0']])
    assert.deepEqual(plan.notes, [])
    assert.equal(plan.footer.metadata.createdBy, 'DuckDB version v1.5.6 (build 069cc9f9b5)')
    assert.equal(plan.splitOffsets.length, 5 + 1 + 3)
  })

  test('bloom filters still admit every value, for both readers', async () => {
    const files = [await make('a.parquet', 0, 5000), await make('b.parquet', 5000, 9000)]
    const { path, plan, bytes } = await concat(files, [])
    const filters = plan.footer.metadata.rowGroups.flatMap((group) =>
      group.columns.filter(({ metadata }) => metadata?.bloomFilterOffset !== undefined),
    )
    assert.ok(filters.length >= 2 * plan.splitOffsets.length)
    for (let name = 0; name < 50; name += 7) {
      const expected = Array.from({ length: 9000 }, (_, row) => row).filter((row) => row % 50 === name && row % 7 !== 0)
      const where = `WHERE name = 'name ${name}'`
      assert.deepEqual(await query(`SELECT count(*) FROM ${read(path)} ${where}`), [[`${expected.length}`]])
    }
    const probes = await query(
      `SELECT count(*) FROM parquet_bloom_probe('${path}', 'name', 'name 3') WHERE bloom_filter_excludes`,
    )
    assert.deepEqual(probes, [['0']])
    const absent = await query(
      `SELECT count(*) FROM parquet_bloom_probe('${path}', 'name', 'nobody') WHERE bloom_filter_excludes`,
    )
    assert.deepEqual(absent, [[`${plan.splitOffsets.length}`]])
    assert.equal((await readFooter(bytesReader(bytes), path)).metadata.numRows, 9000)
  })

  test('lineage columns read back right with filters on them', async () => {
    const files = [await make('a.parquet', 0, 10_000), await make('b.parquet', 10_000, 15_000)]
    const choices = [
      { lineage: { firstRowId: 1_000_000n, sequenceNumber: 7n } },
      { lineage: { firstRowId: 2n ** 53n + 1n, sequenceNumber: 9n } },
    ]
    const { path } = await concat(files, choices, { ...PLAIN, rowLineage: true })
    const wrong = await query(`SELECT count(*) FROM ${read(path)} WHERE
      _row_id IS DISTINCT FROM CASE WHEN id < 10000 THEN 1000000 + id ELSE 9007199254740993 + id - 10000 END
      OR _last_updated_sequence_number IS DISTINCT FROM CASE WHEN id < 10000 THEN 7 ELSE 9 END`)
    assert.deepEqual(wrong, [['0']])
    assert.deepEqual(await query(`SELECT id FROM ${read(path)} WHERE _row_id = 1004321`), [['4321']])
    assert.deepEqual(await query(`SELECT count(*) FROM ${read(path)} WHERE _last_updated_sequence_number = 9`), [
      ['5000'],
    ])
    // And once more from our own output, now with physical columns.
    const again = await concat([await readFile(path)], [{}], { ...PLAIN, rowLineage: true })
    assert.deepEqual(await hashOf(read(again.path)), await hashOf(read(path)))
  })

  test('files of two writers mix if their schemas mean the same', async () => {
    const strict = sampleFile({ firstRow: 0, rows: 500 })
    const schema = SAMPLE_SCHEMA.map((element) => {
      return element.repetition_type === 'REQUIRED' ? { ...element, repetition_type: 'OPTIONAL' as const } : element
    })
    const other = sampleFile({ firstRow: 0, rows: 500, schema })
    const path = join(directory, 'other.parquet')
    await writeFile(path, other)
    await connection.run(`COPY (SELECT * FROM read_parquet('${path}')) TO '${directory}/own.parquet' (FORMAT parquet,
      FIELD_IDS {id: 1, name: 2, price: 3, place: {__duckdb_field_id: 4, x: 5, y: 6}, tags: {__duckdb_field_id: 7, element: 8}, amount: 9})`)
    const own = await readFile(join(directory, 'own.parquet'))
    // DuckDB makes every column OPTIONAL, and the pages of the two are encoded differently.
    await assert.rejects(concat([strict, own], []), /REQUIRED INT64 id 1 against \["id"\] OPTIONAL INT64 id 1/)
    const { path: out, plan, bytes } = await concat([other, own], [])
    assert.equal(plan.footer.metadata.createdBy, 'moraine version 0.1.0')
    assert.deepEqual(
      await query(`SELECT count(*), count(DISTINCT t) FROM (SELECT COLUMNS(*) FROM read_parquet('${out}')) t`),
      [['1000', '500']],
    )
    assert.equal((await readParquetRows(bytes)).length, 1000)
  })

  test('DuckDB survives what we accept from damaged files, and never sees a crash of ours', async () => {
    const file = await make('a.parquet', 0, 300)
    let state = 4242
    const next = (below: number) => {
      state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
      return (state >>> 4) % below
    }
    for (let round = 0; round < 300; round += 1) {
      const broken = Buffer.from(file)
      const at = next(file.length)
      broken[at] = (broken[at] ?? 0) ^ (1 << next(8))
      try {
        const inputs = [{ source: await loadConcatSource(bytesReader(broken), 'broken') }]
        const plan = planConcat(inputs, PLAIN)
        if (plan.kind === 'planned') await runConcat(plan, [bytesReader(broken)], memorySink())
      } catch (error) {
        assert.ok(isKind(error, 'corrupt') || isKind(error, 'unsupported'), `round ${round}: ${(error as Error).stack}`)
      }
    }
  })
})
