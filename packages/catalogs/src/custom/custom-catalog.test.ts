import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
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

function open(specifier: string | undefined) {
  return openCustomCatalog({
    name: 'theirs',
    properties: { warehouse: 'w', ...(specifier !== undefined && { 'catalog-impl': specifier }) },
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

test('what is no catalog is refused with the name of the module', async () => {
  const refused = (specifier: string | undefined, message: RegExp) =>
    assert.rejects(open(specifier), (error) => {
      assert.ok(isKind(error, 'invalid-input'), String(error))
      assert.match(error.message, message)
      return true
    })
  await refused(undefined, /property catalog-impl/)
  await refused(join(directory, 'none.mjs'), /none\.mjs of catalog theirs cannot be loaded/)
  await refused(moduleWith('broken', 'throw new Error("x")'), /broken\.mjs of catalog theirs cannot be loaded/)
  await refused(moduleWith('empty', 'export const a = 1'), /exports no openCatalog/)
  const partly = moduleWith('partly', 'export const openCatalog = () => ({ loadTable() {} })')
  await refused(partly, /is no catalog: it has no findMetadataLocation, commitTable/)
})
