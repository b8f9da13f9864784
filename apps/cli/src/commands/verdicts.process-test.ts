import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { appendOrders, createLakeTable, createOrders, ORDERS_TABLE } from '../testing/lake-table.ts'
import { runCli } from '../testing/run-cli.ts'

// What a user is told of a table must not contradict itself, nor send anybody after what cannot be mended.

const root = mkdtempSync(join(tmpdir(), 'moraine-verdicts-'))
const warehouse = join(root, 'ware house')
after(() => rmSync(root, { recursive: true, force: true }))

async function said(...args: readonly string[]): Promise<{ readonly out: string; readonly err: string }> {
  const { code, out, err } = await runCli(args)
  assert.equal(code, 0, err)
  return { out, err }
}

test('a file that has no other beside it is no finding', async () => {
  const alone = await createOrders(warehouse, 'alone', 1)
  const { out } = await said('doctor', alone.directory)
  assert.match(out, /1 data file, .*\nNothing is wrong\.\n/)
  assert.doesNotMatch(out, /fragment|The score/)
})

test('a high score beside findings is explained', async () => {
  const few = await createOrders(warehouse, 'few', 2)
  for (const args of [['doctor'], ['table', 'inspect']]) {
    const { out } = await said(...args, few.directory)
    assert.match(out, /health +(?:9\d|8\d|100) of 100/)
    assert.match(out, /The score is \d+ all the same because .*; here it is 2 files with /)
  }
  const page = JSON.parse((await said('doctor', few.directory, '--json')).out) as { healthNote: string }
  assert.match(page.healthNote, /^The score is/)
})

test('a table that the service leaves alone is said to be', async () => {
  const properties = { ...ORDERS_TABLE.properties, 'self-optimizing.enabled': 'false' }
  const off = await createLakeTable(warehouse, { namespace: ['db'], name: 'off' }, { ...ORDERS_TABLE, properties })
  for (let at = 0; at < 2; at += 1) await appendOrders(off, at)
  for (const args of [['doctor'], ['table', 'explain']]) {
    assert.match((await said(...args, off.directory)).out, /^self-optimizing\.enabled is false: /m)
    assert.equal(JSON.parse((await said(...args, off.directory, '--json')).out).enabled, false)
  }
})

test('a written plan comes with the whole command that runs it', async () => {
  const table = await createOrders(warehouse, 'hinted', 2)
  const file = join(root, 'a plan.json')
  const planned = await said('table', 'plan', 'db.hinted', '--warehouse', warehouse, '--type', 'full', '--out', file)
  assert.ok(
    planned.err.includes(`moraine table apply '${file}' --table db.hinted --warehouse '${warehouse}'`),
    planned.err,
  )
  await said('table', 'apply', file, '--table', 'db.hinted', '--warehouse', warehouse)
  const again = await said('table', 'plan', table.directory, '--type', 'full', '--out', file)
  assert.match(again.err, /it holds no groups: there is nothing to apply/)
})
