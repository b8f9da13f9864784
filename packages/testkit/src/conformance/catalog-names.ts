import assert from 'node:assert/strict'
import { MoraineError } from '@moraine/stdx/error'
import { catalogTest, rejectsAs, SALES_ORDERS_TABLE } from './catalog-samples.ts'
import type { CatalogTraits, OpenCatalog } from './catalog-under-test.ts'

/** Names that somebody has given a table. */
const ODD_NAMES: readonly string[] = [
  `it's "quoted"`,
  'dots.in.name',
  '表・テーブル',
  'with space',
  '__proto__',
  'constructor',
  'percent%2Fescaped',
  'a+b&c=d',
  '#hash?query',
  'metadata',
  'slash/ed',
  'back\\slashed',
  'a:colon',
]

export function catalogNameTests(name: string, traits: CatalogTraits, open: OpenCatalog): void {
  catalogTest(name, 'tables with odd names are kept apart, or refused by name', open, async ({ catalog, other }) => {
    await catalog.createNamespace(['odd'])
    const { refusedNames, unreachableNames = [] } = traits
    const held = ODD_NAMES.filter((each) => !refusedNames.includes(each) && !unreachableNames.includes(each))
    for (const tableName of held) await catalog.createTable({ namespace: ['odd'], name: tableName }, SALES_ORDERS_TABLE)
    for (const tableName of refusedNames) {
      await refuses(tableName, catalog.createTable({ namespace: ['odd'], name: tableName }, SALES_ORDERS_TABLE))
    }
    for (const tableName of unreachableNames) {
      await refuses(encodeURIComponent(tableName), catalog.loadTable({ namespace: ['odd'], name: tableName }))
    }

    const listed = await other.listTables(['odd'])
    assert.deepEqual(listed.items.map((table) => table.name).sort(), [...held].sort())
    const loaded = await Promise.all(held.map((tableName) => other.loadTable({ namespace: ['odd'], name: tableName })))
    assert.equal(new Set(loaded.map((table) => table.metadata.tableUuid)).size, held.length)
    assert.equal(new Set(loaded.map((table) => table.metadata.location)).size, held.length)

    for (const tableName of held) await other.dropTable({ namespace: ['odd'], name: tableName })
    assert.deepEqual(await catalog.listTables(['odd']), { items: [] })
  })

  catalogTest(
    name,
    'namespaces with odd names are kept apart, or refused by name',
    open,
    async ({ catalog, other }) => {
      const { refusedNamespaces = traits.refusedNames, unreachableNames = [] } = traits
      const held = ODD_NAMES.filter((each) => !refusedNamespaces.includes(each) && !unreachableNames.includes(each))
      for (const level of held) {
        await catalog.createNamespace([level])
        await catalog.createTable({ namespace: [level], name: 't' }, SALES_ORDERS_TABLE)
      }
      for (const level of refusedNamespaces) await refuses(level, catalog.createNamespace([level]))
      for (const level of unreachableNames) await refuses(encodeURIComponent(level), catalog.loadNamespace([level]))

      assert.deepEqual((await other.listNamespaces([])).items.flat().sort(), [...held].sort())
      for (const level of held) {
        assert.deepEqual(await other.listTables([level]), { items: [{ namespace: [level], name: 't' }] })
        await other.dropTable({ namespace: [level], name: 't' })
        await other.dropNamespace([level])
      }
      assert.deepEqual(await catalog.listNamespaces([]), { items: [] })
    },
  )

  catalogTest(name, 'names that nobody can hold are refused', open, async ({ catalog }) => {
    await catalog.createNamespace(['odd'])
    for (const bad of ['', '.', '..', 'a\u0000b', 'a\u001fb', 'tab\t', '\ud800', 'x'.repeat(256)]) {
      await rejectsAs('invalid-input', 'name', catalog.createNamespace([bad]))
      await rejectsAs(
        'invalid-input',
        'name',
        catalog.createTable({ namespace: ['odd'], name: bad }, SALES_ORDERS_TABLE),
      )
      await rejectsAs('invalid-input', 'name', catalog.loadTable({ namespace: [bad], name: 't' }))
    }
    await rejectsAs('invalid-input', 'namespace', catalog.createTable({ namespace: [], name: 't' }, SALES_ORDERS_TABLE))
  })
}

async function refuses(refused: string, promise: Promise<unknown>): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof MoraineError, String(error))
    assert.ok(error.kind === 'unsupported' || error.kind === 'invalid-input', error.kind)
    assert.ok(error.message.includes(refused) || error.message.includes(JSON.stringify(refused)), error.message)
    return true
  })
}
