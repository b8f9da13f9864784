import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, test } from 'node:test'
import { startService } from '../lab/moraine.ts'
import { startSpark } from '../lab/spark.ts'

// Spark keeps its views in the catalog of `moraine serve`, beside the tables they read.

const dataDir = mkdtempSync(`${tmpdir()}/moraine-views-`)
const spark = await startSpark()
const service = spark.kind === 'started' ? await startService(dataDir) : undefined
after(async () => {
  if (spark.kind === 'started') await spark.engine.stop()
  await service?.stop()
  rmSync(dataDir, { recursive: true, force: true })
})

if (spark.kind === 'started' && service !== undefined) {
  const { engine } = spark
  const uri = `${service.url}/iceberg` // the shorter of the two addresses
  await engine.addCatalog('lake', { type: 'rest', uri, warehouse: 'lake' })
  const rows = async (query: string) => (await engine.query(query)).rows

  test('views are created, replaced, renamed, described and dropped', { timeout: 300_000 }, async () => {
    await engine.sql('CREATE NAMESPACE lake.shop')
    await engine.sql('CREATE TABLE lake.shop.orders (id BIGINT, region STRING) USING iceberg')
    await engine.sql("INSERT INTO lake.shop.orders VALUES (1, 'eu'), (2, 'us'), (3, 'eu')")
    await engine.sql(
      "CREATE VIEW lake.shop.european COMMENT 'of the EU' AS SELECT id FROM lake.shop.orders WHERE region = 'eu'",
    )
    assert.deepEqual(await rows('SELECT * FROM lake.shop.european ORDER BY id'), [[1], [3]])
    await engine.sql("INSERT INTO lake.shop.orders VALUES (4, 'eu')")
    assert.deepEqual(await rows('SELECT count(*) FROM lake.shop.european'), [[3]])

    await engine.sql(
      "CREATE OR REPLACE VIEW lake.shop.european (order_id) AS SELECT id FROM lake.shop.orders WHERE region <> 'us'",
    )
    assert.deepEqual(await rows('SELECT max(order_id) FROM lake.shop.european'), [[4]])
    await engine.sql("ALTER VIEW lake.shop.european SET TBLPROPERTIES ('team' = 'sales')")
    assert.deepEqual(await rows("SHOW TBLPROPERTIES lake.shop.european ('team')"), [['team', 'sales']])
    await engine.sql('ALTER VIEW lake.shop.european RENAME TO lake.shop.domestic')
    const names = (await rows('SHOW VIEWS IN lake.shop')).map((row) => row[1])
    assert.deepEqual(names, ['domestic'])

    await assert.rejects(engine.sql('CREATE TABLE lake.shop.domestic (id BIGINT) USING iceberg'), /already exists/i)
    await assert.rejects(engine.sql('CREATE VIEW lake.shop.orders AS SELECT 1 AS a'), /already exists/i)
    await engine.sql('DROP VIEW lake.shop.domestic')
    assert.deepEqual(await rows('SHOW VIEWS IN lake.shop'), [])
    assert.deepEqual(await rows('SELECT count(*) FROM lake.shop.orders'), [[4]])
  })
} else {
  test('views', (context) => context.skip(spark.kind === 'unavailable' ? spark.why : ''))
}
