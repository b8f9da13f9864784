import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import { startPyIceberg } from './pyiceberg.ts'
import { startSpark } from './spark.ts'

const warehouse = mkdtempSync(`${tmpdir()}/moraine-lab-`)
after(() => rmSync(warehouse, { recursive: true }))

test('Spark writes, deletes and reads; PyIceberg reads the same rows', { timeout: 900_000 }, async (context) => {
  const [sparkStarted, pyStarted] = await Promise.all([startSpark(), startPyIceberg()])
  context.after(async () => {
    if (sparkStarted.kind === 'started') await sparkStarted.engine.stop()
    if (pyStarted.kind === 'started') await pyStarted.engine.stop()
  })
  if (sparkStarted.kind === 'unavailable') return context.skip(sparkStarted.why)
  if (pyStarted.kind === 'unavailable') return context.skip(pyStarted.why)
  const spark = sparkStarted.engine
  const pyiceberg = pyStarted.engine

  await spark.addCatalog('lab', { type: 'hadoop', warehouse })
  await spark.sql(`CREATE TABLE lab.t (id bigint, v string) USING iceberg
    TBLPROPERTIES ('format-version' = '3', 'write.delete.mode' = 'merge-on-read')`)
  await spark.sql(`INSERT INTO lab.t SELECT /*+ COALESCE(1) */ id, 'é' FROM range(9007199254740993, 9007199254740996)`)
  const written = ['3', '4', '5'].map((digit) => `{"id":900719925474099${digit},"v":"é"}`)
  assert.deepEqual(await spark.readRows({ table: 'lab.t' }), written)
  assert.deepEqual(
    await spark.readLineage({ table: 'lab.t' }),
    written.map((row, at) => ({ row, rowId: BigInt(at), lastUpdatedSequenceNumber: 1n })),
  )

  await spark.sql('DELETE FROM lab.t WHERE id = 9007199254740993')
  await spark.sql('ALTER TABLE lab.t CREATE BRANCH b')
  const metadataFile = `${warehouse}/t/metadata/v4.metadata.json`
  assert.deepEqual(await pyiceberg.readRows({ metadataFile }), written.slice(1))
  await spark.equalityDelete({ table: 'lab.t', keys: 'SELECT 9007199254740995L AS id', branch: 'b' })
  assert.deepEqual(await spark.readRows({ table: 'lab.t', ref: 'b' }), written.slice(1, 2))
  assert.deepEqual(await spark.readRows({ path: metadataFile }), written.slice(1))

  const snapshots = await spark.query('SELECT snapshot_id FROM lab.t.snapshots ORDER BY committed_at')
  assert.deepEqual(snapshots.columns, ['snapshot_id'])
  const first = BigInt(String(snapshots.rows[0]?.[0]))
  assert.deepEqual(await spark.readRows({ path: `${warehouse}/t`, snapshotId: first }), written)
  assert.deepEqual(await pyiceberg.readRows({ metadataFile, snapshotId: first, rowFilter: 'id > 9007199254740994' }), [
    written[2],
  ])
  assert.deepEqual(await spark.query("SELECT CAST(1.5 AS decimal(4,2)) d, double('NaN') x, 9007199254740993L l"), {
    columns: ['d', 'x', 'l'],
    rows: [['1.50', 'NaN', 9007199254740993n]],
  })

  await assert.rejects(spark.sql('SELECT nope'), (error) => isKind(error, 'internal') && /nope/.test(error.message))
  const aborting = new AbortController()
  const long = spark.query('SELECT count(*) FROM range(1000000000000) WHERE id % 7 = rand()', aborting.signal)
  aborting.abort(new Error('enough'))
  await assert.rejects(long, /enough/)
  assert.deepEqual((await spark.query('SELECT 1 AS one')).rows, [[1]])

  const table = ['files', 'db', 'p']
  await pyiceberg.addCatalog('files', { type: 'sql', uri: 'sqlite://', warehouse: `file://${warehouse}` })
  const fields = [
    { id: 1, name: 'id', required: false, type: 'long' },
    { id: 2, name: 'v', required: false, type: 'string' },
  ]
  await pyiceberg.create({ table, schema: { type: 'struct', 'schema-id': 0, fields } })
  await pyiceberg.append({ table, rows: [{ id: 1, v: 'é' }, { id: 2 }] })
  await pyiceberg.delete(table, 'id = 1')
  assert.deepEqual(await pyiceberg.readRows({ table }), ['{"id":2,"v":null}'])
  const missing = pyiceberg.readRows({ table: ['files', 'db', 'missing'] })
  await assert.rejects(missing, /NoSuchTableError: .*\n {2}in .* > read > load_table > load_table/)

  await spark.stop()
  await spark.stop()
  await assert.rejects(spark.sql('SELECT 1'), (error) => isKind(error, 'unavailable'))
})
