import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, request as forward } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { after, test } from 'node:test'
import { formatExactJson } from '@moraine/stdx/exact-json'
import { startService } from '../lab/moraine.ts'
import { startPyIceberg } from '../lab/pyiceberg.ts'
import { startSpark } from '../lab/spark.ts'

// Spark (Iceberg's Java client) and PyIceberg have their scans planned by `moraine serve` and read the same rows as when
// they plan themselves: with all kinds of deletes, across changes of schema and partition spec, of old snapshots, and of
// a plan too large for one answer.

const dataDir = mkdtempSync(`${tmpdir()}/moraine-planning-`)
const [spark, pyiceberg] = await Promise.all([startSpark(), startPyIceberg()])
const available = spark.kind === 'started' && pyiceberg.kind === 'started'
const service = available ? await startService(dataDir) : undefined
const asked = { plan: 0, tasks: 0, refused: [] as string[] }
const counting = service === undefined ? undefined : await startCountingProxy(new URL(service.url))
after(async () => {
  for (const started of [spark, pyiceberg]) if (started.kind === 'started') await started.engine.stop()
  await counting?.stop()
  await service?.stop()
  rmSync(dataDir, { recursive: true, force: true })
})

const LEFT_ALONE = "'self-optimizing.enabled' = 'false'"

if (available && service !== undefined && counting !== undefined) {
  const path = '/api/iceberg/rest'
  for (const engine of [spark.engine, pyiceberg.engine]) {
    await engine.addCatalog('lake', { type: 'rest', uri: `${service.url}${path}`, warehouse: 'lake' })
    await engine.addCatalog('planned', {
      type: 'rest',
      uri: `${counting.url}${path}`,
      warehouse: 'lake',
      'scan-planning-mode': 'server',
      // Or each catalog would keep tables as the other has not left them.
      'cache-enabled': 'false',
    })
  }
  const { engine } = spark
  await engine.sql('CREATE NAMESPACE lake.shop')

  /** The rows of a condition, planned by Spark and by the service. */
  const agree = async (table: string, condition: string, version = ''): Promise<number> => {
    const rowsOf = async (catalog: string) => {
      const own = condition.replaceAll('lake.', `${catalog}.`)
      const { rows } = await engine.query(`SELECT * FROM ${catalog}.shop.${table}${version} WHERE ${own}`)
      return rows.map((row) => formatExactJson(row)).sort()
    }
    const before = asked.plan
    const expected = await rowsOf('lake')
    assert.equal(asked.plan, before, 'a client that plans itself asked for a plan')
    assert.deepEqual(await rowsOf('planned'), expected, `${table}${version} where ${condition}`)
    assert.ok(asked.plan > before, `${condition} was not planned by the service`)
    assert.deepEqual(asked.refused, [])
    return expected.length
  }

  test('deletes of all kinds, and changes of schema and spec', { timeout: 300_000 }, async () => {
    await engine.sql(`CREATE TABLE lake.shop.orders (id INT, at TIMESTAMP, region STRING, amount DECIMAL(9,2)) USING iceberg
      PARTITIONED BY (days(at), bucket(4, id))
      TBLPROPERTIES ('format-version' = '2', 'write.delete.mode' = 'merge-on-read', ${LEFT_ALONE})`)
    const insert = (from: number) =>
      engine.sql(`INSERT INTO lake.shop.orders SELECT CAST(id AS INT), timestampadd(HOUR, id, timestamp'1969-12-31 12:00:00'),
        CASE WHEN id % 5 = 0 THEN NULL ELSE concat('r', id % 3) END, CAST(id / 4 AS DECIMAL(9,2)) FROM range(${from}, ${from + 60})`)
    await insert(0)
    await engine.sql('DELETE FROM lake.shop.orders WHERE id % 7 = 3')
    await engine.equalityDelete({
      table: 'lake.shop.orders',
      keys: 'SELECT CAST(11 AS INT) AS id',
      partition: await partitionOf(11),
    })
    await engine.sql('ALTER TABLE lake.shop.orders ADD PARTITION FIELD region')
    await engine.sql('ALTER TABLE lake.shop.orders DROP PARTITION FIELD days(at)')
    await insert(60)
    await engine.sql('DELETE FROM lake.shop.orders WHERE id BETWEEN 70 AND 75')
    await engine.sql('ALTER TABLE lake.shop.orders RENAME COLUMN amount TO total')
    await engine.sql('ALTER TABLE lake.shop.orders ALTER COLUMN id TYPE BIGINT')
    await engine.sql(
      "INSERT INTO lake.shop.orders VALUES (9007199254740993, timestamp'2026-01-01 00:00:00', 'r1', 1.25)",
    )

    assert.equal(await agree('orders', 'true'), 60 - 9 - 1 + 60 - 6 + 1)
    const conditions = [
      'id = 12',
      'id IN (5, 70, 80, 9007199254740993)',
      'id > 9007199254740992',
      "region = 'r1'",
      'region IS NULL AND id < 90',
      "region <> 'r1'",
      "region = 'r2' OR total >= 25.50",
      "region LIKE 'r2%'",
      'total BETWEEN 3.25 AND 4.75',
      "at >= timestamp'1970-01-02 00:00:00' AND at < timestamp'1970-01-03 06:00:00'",
      "at < timestamp'1970-01-01 00:00:00'",
      'NOT (id > 20 AND id < 100)',
      "lake.system.days(at) = date'1970-01-02'",
      'lake.system.bucket(4, id) = 2',
      'id = -5',
    ]
    let rows = 0
    for (const condition of conditions) rows += await agree('orders', condition)
    assert.ok(rows > 100)
    const { rows: snapshots } = await engine.query('SELECT snapshot_id FROM lake.shop.orders.snapshots')
    for (const [id] of snapshots) await agree('orders', 'id % 2 = 0', ` VERSION AS OF ${id}`)
  })

  async function partitionOf(id: number): Promise<string> {
    const { rows } = await engine.query(
      `SELECT lake.system.days(at), lake.system.bucket(4, id) FROM lake.shop.orders WHERE id = ${id}`,
    )
    return `at_day=${rows[0]?.[0]}/id_bucket=${rows[0]?.[1]}`
  }

  test('deletion vectors, and values of every type in filters and partitions', { timeout: 300_000 }, async () => {
    await engine.sql(`CREATE TABLE lake.shop.kinds (i INT, l BIGINT, f FLOAT, d DOUBLE, b BOOLEAN, s STRING, day DATE, ts TIMESTAMP_NTZ,
      m DECIMAL(20,5), raw BINARY, n STRUCT<x: INT, \`y.z\`: STRING>) USING iceberg PARTITIONED BY (b, truncate(2, s), day)
      TBLPROPERTIES ('format-version' = '3', 'write.delete.mode' = 'merge-on-read', ${LEFT_ALONE})`)
    for (let from = 0; from < 40; from += 20) {
      await engine.sql(`INSERT INTO lake.shop.kinds SELECT CAST(id AS INT), id * 1000000007, CAST(id / 8 AS FLOAT),
        CASE WHEN id % 11 = 0 THEN double('NaN') WHEN id % 13 = 0 THEN NULL ELSE id % 3 / 2 END, id % 2 = 0, concat('é', id % 4, 'x'),
        date_add(date'1969-12-20', CAST(id AS INT)), timestampadd(HOUR, id, timestamp_ntz'1969-12-31 12:00:00.123456'),
        CAST(id / 3 AS DECIMAL(20,5)), unhex(lpad(hex(id), 4, '0')), named_struct('x', CAST(id AS INT), 'y.z', 'q') FROM range(${from}, ${from + 20})`)
    }
    await engine.sql('DELETE FROM lake.shop.kinds WHERE i % 6 = 1')
    const conditions = [
      'true',
      'l = 7000000049 OR l > 30000000210',
      'f = CAST(1.5 AS FLOAT)',
      'f < 1.1',
      'd = 0.5',
      'b',
      "s = 'é2x' AND NOT b",
      "s LIKE 'é1%'",
      "day > date'1969-12-30' AND day <= date'1970-01-05'",
      "ts = timestamp_ntz'1970-01-01 00:00:00.123456'",
      'm IN (1.00000, 3.33333, 4)',
      "raw = X'0005'",
      "raw > X'0010'",
      'n.x > 30',
      'i IS NULL',
    ]
    for (const condition of conditions) await agree('kinds', condition)
  })

  test('a plan that is too large for one answer', { timeout: 300_000 }, async () => {
    await engine.sql(`CREATE TABLE lake.shop.many (id BIGINT, p INT) USING iceberg PARTITIONED BY (p)
      TBLPROPERTIES ('format-version' = '3', 'write.delete.mode' = 'merge-on-read', 'write.distribution-mode' = 'none',
        'write.spark.fanout.enabled' = 'false', ${LEFT_ALONE})`)
    await engine.sql('INSERT INTO lake.shop.many SELECT id, CAST(id DIV 2 AS INT) FROM range(0, 4100, 1, 1)')
    await engine.sql('DELETE FROM lake.shop.many WHERE id IN (5, 2000, 4099)')
    const before = asked.tasks
    assert.equal(await agree('many', 'true'), 4097)
    assert.ok(asked.tasks > before, 'no plan task was fetched')
    await agree('many', 'p = 1999 OR id = 17')
    const rows = (catalog: string) =>
      pyiceberg.engine.readRows({ table: [catalog, 'shop', 'many'], rowFilter: 'p < 2045' })
    assert.deepEqual(await rows('planned'), await rows('lake'))
  })

  test('PyIceberg has its scans planned', { timeout: 300_000 }, async () => {
    const table = ['lake', 'inbox', 'events']
    const fields = [
      { id: 1, name: 'id', required: false, type: 'long' },
      { id: 2, name: 'what', required: false, type: 'string' },
      { id: 3, name: 'at', required: false, type: 'timestamp' },
    ]
    await pyiceberg.engine.create({
      table,
      schema: { type: 'struct', 'schema-id': 0, fields },
      properties: { 'self-optimizing.enabled': 'false' },
    })
    for (let at = 0; at < 3; at += 1) {
      const rows = Array.from({ length: 5 }, (_, row) => ({ id: at * 5 + row, what: row === 0 ? null : `event ${at}` }))
      await pyiceberg.engine.append({ table, rows })
    }
    await engine.sql(
      "ALTER TABLE lake.inbox.events SET TBLPROPERTIES ('format-version' = '2', 'write.delete.mode' = 'merge-on-read')",
    )
    await engine.sql('DELETE FROM lake.inbox.events WHERE id = 7')
    const filters = [
      'id >= 3',
      'id in (1, 7, 12)',
      "what = 'event 1'",
      'what is null',
      "what not like 'event%' or id == 4",
    ]
    for (const rowFilter of [undefined, ...filters]) {
      const before = asked.plan
      const read = (catalog: string): Promise<readonly string[]> =>
        pyiceberg.engine.readRows({
          table: [catalog, 'inbox', 'events'],
          ...(rowFilter !== undefined && { rowFilter }),
        })
      assert.deepEqual(await read('planned'), await read('lake'), rowFilter)
      assert.equal(asked.plan, before + 1)
    }
  })
} else {
  const reasons = [spark, pyiceberg].map((started) => (started.kind === 'unavailable' ? started.why : ''))
  test('scan planning', (context) => context.skip(reasons.find((reason) => reason !== '')))
}

type CountingProxy = { readonly url: string; stop(): Promise<void> }

/** Passes everything on to the service and counts what is asked of its planning. */
async function startCountingProxy(target: URL): Promise<CountingProxy> {
  const server = createServer((incoming, outgoing) => {
    const { url = '', method = '', headers } = incoming
    const planning = /\/(plan|tasks)$/.exec(url)?.[1]
    if (method === 'POST' && planning === 'plan') asked.plan += 1
    if (method === 'POST' && planning === 'tasks') asked.tasks += 1
    const passed = forward({ host: target.hostname, port: target.port, path: url, method, headers }, (answer) => {
      if (/\/(plan|tasks)/.test(url) && (answer.statusCode ?? 0) >= 400)
        asked.refused.push(`${answer.statusCode} ${url}`)
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers)
      answer.pipe(outgoing)
    })
    passed.on('error', () => outgoing.destroy())
    incoming.pipe(passed)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
