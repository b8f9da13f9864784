import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { systemClock } from '@moraine/stdx/clock'
import { isKind } from '@moraine/stdx/error'
import { seededRandom } from '@moraine/stdx/random'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import { openCustomCatalog } from './custom-catalog.ts'

const directory = mkdtempSync(`${tmpdir()}/moraine-custom-`)
after(() => rmSync(directory, { recursive: true }))

function open(specifier: string | undefined, warehouse = 'w') {
  return openCustomCatalog({
    name: 'theirs',
    properties: { warehouse, ...(specifier !== undefined && { 'catalog-impl': specifier }) },
    io: memoryFileIO(),
    clock: systemClock,
    random: seededRandom(1),
  })
}

function moduleWith(name: string, text: string): string {
  const path = join(directory, `${name}.mjs`)
  writeFileSync(path, text)
  return path
}

const METHODS = [
  ...['loadTable', 'findMetadataLocation', 'commitTable', 'listNamespaces', 'createNamespace', 'dropNamespace'],
  ...['loadNamespace', 'updateNamespace', 'createTable', 'stageTable', 'registerTable', 'dropTable', 'renameTable'],
]

test('a module that opens a catalog is used under the name it is registered with', async () => {
  const path = moduleWith(
    'good',
    `export const openCatalog = async ({ name, properties }) => ({
      ${METHODS.map((method) => `${method}: async () => {},`).join('\n')}
      listTables: async () => ({ items: [{ namespace: [name], name: properties.warehouse }] }),
    })`,
  )
  for (const specifier of [path, pathToFileURL(path).href]) {
    const catalog = await open(specifier)
    assert.equal(catalog.name, 'theirs')
    assert.deepEqual(await catalog.listTables(['x']), { items: [{ namespace: ['theirs'], name: 'w' }] })
  }
})

test('the example of the guide runs, from wherever it lies', async () => {
  const guide = readFileSync(new URL('../../../../docs/guides/catalogs.md', import.meta.url), 'utf8')
  const [, example = ''] = /```ts\n(.*?openCatalog.*?)```/s.exec(guide) ?? []
  const path = join(directory, 'example.ts')
  writeFileSync(path, example)
  const catalog = await open(path, '/lake')
  for (const name of ['gold_orders', 'orders']) await catalog.createTable({ namespace: ['sales'], name }, TABLE)
  await catalog.dropTable({ namespace: ['sales'], name: 'orders' })
  await assert.rejects(catalog.dropTable({ namespace: ['sales'], name: 'gold_orders' }), (error) => {
    return isKind(error, 'permission') && error.message === 'gold_orders is kept'
  })
  assert.deepEqual((await catalog.listTables(['sales'])).items, [{ namespace: ['sales'], name: 'gold_orders' }])
})

const TABLE = { schema: { schemaId: 0, fields: [], identifierFieldIds: [] } }

test('what is no catalog is refused with the name of the module', async () => {
  const refused = (specifier: string | undefined, message: RegExp) =>
    assert.rejects(open(specifier), (error) => {
      assert.ok(isKind(error, 'invalid-input'), String(error))
      assert.match(error.message, message)
      return true
    })
  await refused(undefined, /property catalog-impl/)
  await refused(
    join(directory, 'none.mjs'),
    /none\.mjs of catalog theirs cannot be loaded; a module is loaded once: restart/,
  )
  await refused(moduleWith('broken', 'throw new Error("x")'), /broken\.mjs of catalog theirs cannot be loaded/)
  await refused(moduleWith('empty', 'export const a = 1'), /exports no openCatalog; a module is loaded once: restart/)
  const partly = moduleWith('partly', 'export const openCatalog = () => ({ loadTable() {} })')
  await refused(partly, /is no catalog: it has no findMetadataLocation, commitTable/)
})

test('a catalog that is a class keeps its methods when it is spread, those of its parts too', async () => {
  const path = moduleWith(
    'class',
    `class Base { #given; constructor(given) { this.#given = given }
       async listTables() { return { items: [{ namespace: ['base'], name: this.#given.warehouse }] } }
       async commitTables(changes) { return { kind: 'conflict', reason: this.#given.warehouse } }
     }
     class Views { at = 'v'; async listViews() { return { items: [{ namespace: [], name: this.at }] } } }
     class Theirs extends Base { views = new Views()
       ${METHODS.map((method) => `async ${method}() { return this.constructor.name }`).join('\n')} }
     export const openCatalog = ({ properties }) => new Theirs(properties)`,
  )
  const { views, ...catalog } = { ...(await open(path)) }
  assert.equal(catalog.name, 'theirs')
  assert.deepEqual(await catalog.listTables(['x']), { items: [{ namespace: ['base'], name: 'w' }] })
  assert.deepEqual(await catalog.commitTables?.([]), { kind: 'conflict', reason: 'w' })
  assert.equal(await catalog.loadTable({ namespace: ['x'], name: 'y' }), 'Theirs')
  assert.deepEqual(await { ...views }.listViews?.(['x']), { items: [{ namespace: [], name: 'v' }] })
})
