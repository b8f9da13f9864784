import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { moraine, startService } from '../lab/moraine.ts'
import { startSpark } from '../lab/spark.ts'

// Spark works in a warehouse of folders through `moraine serve`, as with a catalog of its own.

const root = mkdtempSync(`${tmpdir()}/moraine-warehouse-`)
const spark = await startSpark()
const service = spark.kind === 'started' ? await startService(join(root, 'data')) : undefined
after(async () => {
  if (spark.kind === 'started') await spark.engine.stop()
  await service?.stop()
  rmSync(root, { recursive: true, force: true })
})

if (spark.kind === 'started' && service !== undefined) {
  const { engine } = spark
  const properties = ['--property', `warehouse=${join(root, 'files')}`, '--server', service.url]
  const registered = await moraine(['catalog', 'register', 'files', '--type', 'filesystem', ...properties])
  await engine.addCatalog('files', { type: 'rest', uri: `${service.url}/iceberg`, warehouse: 'files' })

  test('Spark creates namespaces, which it gives an owner, and tables in them', { timeout: 300_000 }, async () => {
    assert.equal(registered.code, 0, registered.stderr)
    await engine.sql('CREATE NAMESPACE files.shop')
    await engine.sql('CREATE NAMESPACE IF NOT EXISTS files.shop')
    await assert.rejects(engine.sql("CREATE NAMESPACE files.told COMMENT 'of folders'"), /cannot have properties/)
    assert.deepEqual((await engine.query('SHOW NAMESPACES IN files')).rows, [['shop']])
    await engine.sql('CREATE TABLE files.shop.orders (id BIGINT) USING iceberg')
    await engine.sql('INSERT INTO files.shop.orders VALUES (1), (2)')
    assert.deepEqual((await engine.query('SELECT count(*) FROM files.shop.orders')).rows, [[2]])
  })
} else {
  test('a warehouse behind the service', (context) => context.skip(spark.kind === 'unavailable' ? spark.why : ''))
}
