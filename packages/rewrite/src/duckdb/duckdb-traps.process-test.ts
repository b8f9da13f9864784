// What DuckDB does that would be wrong here without anybody noticing. Other such traps have tests where they are dealt
// with: files without ids, renamed nested fields, names that differ in case (schema-evolution), nanoseconds with a zone and
// fixed (exact-types), order of rows after deletes (deletes), shared spill directories (duckdb-pool), damage that decodes
// (corruption), hashes of nested nulls (row-hash).
import assert from 'node:assert/strict'
import { linkSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { systemClock } from '@moraine/stdx/clock'
import { MoraineError } from '@moraine/stdx/error'
import { parquetMetadata } from 'hyparquet'
import {
  dataInput,
  openLab,
  outputRows,
  type RewriteLab,
  schemaOf,
  storedSchema,
  taskOf,
} from '../testing/rewrite-lab.ts'
import { DuckDbPool } from './duckdb-pool.ts'

let lab: RewriteLab
before(() => {
  lab = openLab()
})
after(() => lab.close())

const SCHEMA = schemaOf([1, 'id', 'long'], [2, 'name', 'string'])
const IDS = 'FIELD_IDS {id: 1, name: 2}'

test('several outputs of one run keep the order, and another run gives the same bytes', async () => {
  const path = await lab.writeSql(
    'several.parquet',
    'SELECT i AS id, md5(i::VARCHAR) AS name FROM range(100000) r(i)',
    IDS,
  )
  const input = dataInput(path)
  const run = () =>
    lab.run(
      taskOf(
        lab,
        { schema: SCHEMA },
        { inputs: [input], targetSizeBytes: input.fileSizeBytes / 3 },
        { rowGroupSizeBytes: 500_000 },
      ),
    )
  const [one, two] = [await run(), await run()]
  assert.equal(one.dataFiles.length, 3)
  assert.deepEqual(
    (await outputRows(one)).map((row) => Number(row['id'])),
    Array.from({ length: 100_000 }, (_, at) => at),
  )
  for (const [at, file] of one.dataFiles.entries()) {
    assert.deepEqual(readFileSync(file.filePath), readFileSync(two.dataFiles[at]?.filePath ?? ''))
  }
})

test('a directory that looks like a partition does not replace a column', async () => {
  const path = await lab.writeSql('dt.parquet', "SELECT 7::BIGINT AS id, 'own' AS name", IDS)
  const task = taskOf(lab, { schema: SCHEMA }, { inputs: [dataInput(path)] })
  const result = await lab.run(task, { workDir: join(lab.root, 'id=2024-01-01', 'name=other') })
  assert.deepEqual(await outputRows(result), [{ id: 7n, name: 'own' }])
})

test('every column is written as optional; readers accept it for required ones', async () => {
  const path = await lab.writeSql('optional.parquet', "SELECT 7::BIGINT AS id, 'x' AS name", IDS)
  const schema = schemaOf([1, 'id', 'long', { required: true }], [2, 'name', 'string'])
  const result = await lab.run(taskOf(lab, { schema }, { inputs: [dataInput(path)] }))
  assert.deepEqual(
    storedSchema(result.dataFiles[0]?.filePath ?? '').map(({ repetition_type }) => repetition_type),
    ['OPTIONAL', 'OPTIONAL'],
  )
})

test('bounds of long text are short and still bound', async () => {
  const boundsOf = async (name: string, sql: string) => {
    const input = dataInput(await lab.writeSql(name, sql, IDS))
    const [file] = (await lab.run(taskOf(lab, { schema: SCHEMA }, { inputs: [input] }))).dataFiles
    const text = (bound: Uint8Array | undefined) => bound && Buffer.from(bound).toString()
    return [text(file?.metrics.lowerBounds.get(2)), text(file?.metrics.upperBounds.get(2))]
  }
  const letters = 'SELECT i AS id, repeat(chr((97 + i)::INT), 300) AS name FROM range(20) r(i)'
  assert.deepEqual(await boundsOf('long-text.parquet', letters), ['a'.repeat(16), `${'t'.repeat(15)}u`])
  // Nothing is above the last code point, and DuckDB then gives neither bound.
  const last = `${letters} UNION ALL SELECT 99, repeat(chr(1114111), 100)`
  assert.deepEqual(await boundsOf('long-text-2.parquet', last), [undefined, undefined])
})

test('a column with NaN has neither bounds nor a count of them; one without has both', async () => {
  const schema = schemaOf([1, 'a', 'double'], [2, 'b', 'float'], [3, 'c', 'double'])
  const path = await lab.writeSql(
    'nan.parquet',
    "SELECT * FROM (VALUES (1.5::DOUBLE, 'nan'::FLOAT, NULL::DOUBLE), (-2.5, 1.0, NULL)) t(a, b, c)",
    'FIELD_IDS {a: 1, b: 2, c: 3}',
  )
  const { metrics } =
    (await lab.run(taskOf(lab, { schema }, { inputs: [dataInput(path)] }))).dataFiles[0] ?? assert.fail()
  assert.deepEqual(
    [...metrics.nanValueCounts],
    [
      [1, 0],
      [3, 0],
    ],
  )
  assert.deepEqual([...metrics.lowerBounds.keys()], [1])
  assert.equal(Buffer.from(metrics.lowerBounds.get(1) ?? []).readDoubleLE(), -2.5)
})

test('wide rows fit into the memory limit', async () => {
  const path = await lab.writeSql(
    'wide.parquet',
    'SELECT i AS id, repeat(md5(i::VARCHAR), 640) AS name FROM range(12000) r(i)',
    `${IDS}, ROW_GROUP_SIZE 2048, COMPRESSION zstd`,
  )
  const result = await lab.run(taskOf(lab, { schema: SCHEMA }, { inputs: [dataInput(path)] }))
  assert.equal(result.evidence.kind === 'row-hash' && result.evidence.outputRows, 12_000)
  assert.ok(result.cost.peakRssBytes < 1e9, String(result.cost.peakRssBytes))
})

test('no encoding of version 2 is written', async () => {
  const path = await lab.writeSql(
    'encodings.parquet',
    "SELECT i AS id, 'n' || i AS name FROM range(5000) r(i)",
    `${IDS}, PARQUET_VERSION V2`,
  )
  const result = await lab.run(taskOf(lab, { schema: SCHEMA }, { inputs: [dataInput(path)] }))
  const bytes = readFileSync(result.dataFiles[0]?.filePath ?? '')
  const { row_groups } = parquetMetadata(Uint8Array.from(bytes).buffer)
  const encodings = new Set(
    row_groups.flatMap((group) => group.columns.flatMap((column) => column.meta_data?.encodings ?? [])),
  )
  assert.deepEqual(
    [...encodings].filter((encoding) => !['PLAIN', 'RLE', 'PLAIN_DICTIONARY', 'RLE_DICTIONARY'].includes(encoding)),
    [],
  )
})

test('progress is reported', async () => {
  const path = await lab.writeSql('progress.parquet', 'SELECT i AS id FROM range(2000000) r(i)', 'ROW_GROUP_SIZE 20480')
  const stop = new AbortController()
  const reported = new MoraineError('aborted', 'progress was reported')
  const directory = join(lab.root, 'progress')
  mkdirSync(directory)
  linkSync(path, join(directory, 'in.parquet'))
  const rows = `SELECT sha256(md5(id::VARCHAR)) AS id FROM read_parquet('${directory}/in.parquet')`
  const running = lab.pool.withSession(
    directory,
    (session) =>
      session.query(`COPY (${rows}) TO '${directory}/out.parquet' (FORMAT parquet, COMPRESSION zstd)`, (fraction) => {
        if (fraction > 0 && fraction < 1) stop.abort(reported)
      }),
    stop.signal,
  )
  await assert.rejects(running, reported)
})

test('the child is another process: a worker thread would take this one down', async () => {
  const pool = new DuckDbPool({ clock: systemClock, size: 1 })
  const { value } = await pool.withSession(
    join(lab.root, 'process'),
    (session) => session.query("SELECT current_setting('threads') AS threads"),
    new AbortController().signal,
  )
  assert.deepEqual(value, [{ threads: 1n }])
  await pool.close()
})
