import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { startSpark } from '../lab/spark.ts'
import { buildCorpus } from './build-corpus.ts'

test('a table of the corpus is built where it is wanted, and Spark finds there what is expected', {
  timeout: 900_000,
}, async (context) => {
  const warehouse = mkdtempSync(`${tmpdir()}/moraine-corpus-`)
  context.after(() => rmSync(warehouse, { recursive: true }))
  const built = await buildCorpus(warehouse, ['v3-deletion-vectors', 'transform-bucket-bigint'])
  if (built.kind === 'unavailable') return context.skip(built.why)
  const spark = await startSpark()
  if (spark.kind === 'unavailable') return context.skip(spark.why)
  context.after(() => spark.engine.stop())
  await spark.engine.addCatalog('corpus', { type: 'hadoop', warehouse })
  for (const { name, snapshots, location, metadataFile, currentSnapshotId } of built.engine) {
    assert.equal(location, `${warehouse}/${name}`)
    for (const { snapshotId, rows } of snapshots) {
      assert.deepEqual(await spark.engine.readRows({ path: `${location}/${metadataFile}`, snapshotId }), rows)
    }
    const current = snapshots.find((snapshot) => snapshot.snapshotId === currentSnapshotId)
    assert.deepEqual(await spark.engine.readRows({ table: `corpus.\`${name}\`` }), current?.rows)
  }
})
