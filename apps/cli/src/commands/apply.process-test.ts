import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { must } from '@moraine/stdx/assert'
import { directoryChanges, directoryState, NO_CHANGES } from '@moraine/testkit/damage/directory-state'
import { appendOrders, createOrders, type LakeTable } from '../testing/lake-table.ts'
import { runCli } from '../testing/run-cli.ts'

// A plan that was written down runs as it is, or not at all.

const root = mkdtempSync(join(tmpdir(), 'moraine-apply-'))
after(() => rmSync(root, { recursive: true, force: true }))

async function planned(
  name: string,
): Promise<{ readonly table: LakeTable; readonly file: string; readonly snapshot: bigint }> {
  const table = await createOrders(join(root, 'warehouse'), name, 4)
  const file = join(root, `${name}.json`)
  const { code, err } = await runCli(['table', 'plan', table.directory, '--type', 'full', '--out', file])
  assert.equal(code, 0, err)
  const { metadata } = await table.load()
  return { table, file, snapshot: must(metadata.currentSnapshotId, 'snapshot') }
}

test('a plan for a table that has not moved is run', async () => {
  const { table, file, snapshot } = await planned('still')
  const { code, out, err } = await runCli(['table', 'apply', file])
  assert.equal(code, 0, err)
  assert.match(out, /1 of 1 group done, committed/)
  const { metadata } = await table.load()
  const current = metadata.snapshots.find(({ snapshotId }) => snapshotId === metadata.currentSnapshotId)
  assert.equal(current?.parentSnapshotId, snapshot)
})

test('a plan for a table that moved is refused, with what moved', async () => {
  const { table, file, snapshot } = await planned('moved')
  await appendOrders(table, 4)
  const now = (await table.load()).metadata.currentSnapshotId
  const before = directoryState(table.directory)
  const { code, out, err } = await runCli(['table', 'apply', file])
  assert.equal(code, 1)
  assert.equal(out, '')
  assert.match(
    err,
    new RegExp(`moved moved: the plan was made at snapshot ${snapshot}, the table is at ${now}; make a new`),
  )
  assert.deepEqual(directoryChanges(before, directoryState(table.directory)), NO_CHANGES)
})

test('a plan is run once', async () => {
  const { table, file } = await planned('twice')
  assert.equal((await runCli(['table', 'apply', file])).code, 0)
  const before = directoryState(table.directory)
  const { code, err } = await runCli(['table', 'apply', file])
  assert.equal(code, 1)
  assert.match(err, /twice moved: /)
  assert.deepEqual(directoryChanges(before, directoryState(table.directory)), NO_CHANGES)
})

test('a plan is not run on another table', async () => {
  const { file } = await planned('one')
  const other = await createOrders(join(root, 'warehouse'), 'another', 4)
  const before = directoryState(other.directory)
  const { code, err } = await runCli(['table', 'apply', file, '--table', other.directory])
  assert.equal(code, 1)
  assert.match(err, /is a plan for table .*; another is /)
  assert.deepEqual(directoryChanges(before, directoryState(other.directory)), NO_CHANGES)
})

test('what is no plan is refused, and a plan that is not there', async () => {
  const file = join(root, 'broken.json')
  writeFileSync(file, '{"planVersion": 1, "groups": 7}')
  const broken = await runCli(['table', 'apply', file])
  assert.equal(broken.code, 2)
  assert.ok(broken.err.includes(file), broken.err)
  const missing = await runCli(['table', 'apply', join(root, 'none.json')])
  assert.equal(missing.code, 1)
  assert.match(missing.err, /reading the plan .*none\.json failed: ENOENT/)
})
