import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import { seededRandom } from '@moraine/stdx/random'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { openExternalCatalog } from './open-catalog.ts'

const directory = mkdtempSync(`${tmpdir()}/moraine-open-external-`)
after(() => rmSync(directory, { recursive: true }))

const deps = () => ({
  name: 'slow',
  io: memoryFileIO(),
  clock: virtualClock(),
  random: seededRandom(1),
  onLeftover: assert.fail,
})

test('what opens after everybody has given up is closed, and is told when they do', async () => {
  const path = join(directory, 'slow.mjs')
  writeFileSync(
    path,
    `import { METHODS } from './methods.mjs'
     export const seen = {}
     export const openCatalog = async ({ signal }) => {
       seen.signal = signal
       await new Promise((resolve) => { seen.answer = resolve })
       const catalog = { close: async () => seen.closed() }
       for (const method of METHODS) catalog[method] = async () => {}
       return catalog
     }`,
  )
  const methods = [
    ...['loadTable', 'findMetadataLocation', 'commitTable', 'listNamespaces', 'createNamespace', 'dropNamespace'],
    ...['loadNamespace', 'updateNamespace', 'listTables', 'createTable', 'stageTable', 'registerTable', 'dropTable'],
    'renameTable',
  ]
  writeFileSync(join(directory, 'methods.mjs'), `export const METHODS = ${JSON.stringify(methods)}`)
  const { seen } = await import(path)
  const closed = new Promise<void>((resolve) => {
    seen.closed = resolve
  })
  const client = new AbortController()
  const opening = openExternalCatalog(
    { ...deps(), type: 'custom', properties: { 'catalog-impl': path } },
    client.signal,
  )
  while (seen.answer === undefined) await new Promise((resolve) => setImmediate(resolve))
  client.abort()
  await assert.rejects(opening, (error) => isKind(error, 'aborted') && /opening catalog slow/.test(error.message))
  assert.equal(seen.signal.aborted, true)
  seen.answer()
  await closed
})

test('who gives up on a database that is busy waits no more, and its file is let go', async () => {
  const path = join(directory, 'busy.db')
  const other = new DatabaseSync(path)
  other.exec('BEGIN IMMEDIATE')
  const client = new AbortController()
  const { clock, ...rest } = deps()
  const properties = { uri: `jdbc:sqlite:${path}`, warehouse: 's3://b/wh' }
  const opening = openExternalCatalog({ ...rest, clock, type: 'jdbc', properties }, client.signal)
  await new Promise((resolve) => setImmediate(resolve))
  client.abort()
  await assert.rejects(opening, (error) => isKind(error, 'aborted'))
  other.exec('COMMIT')
  // The statement at hand is the last one that is made: of the two tables the other is not.
  for (let turn = 0; turn < 20; turn += 1) {
    clock.step()
    await new Promise((resolve) => setImmediate(resolve))
  }
  assert.deepEqual(
    other
      .prepare("SELECT name FROM sqlite_master WHERE type = 'table'")
      .all()
      .map(({ name }) => name),
    ['iceberg_tables'],
  )
  other.close()
})
