import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { systemClock } from '@moraine/stdx/clock'
import { seededRandom } from '@moraine/stdx/random'
import { catalogConformance } from '@moraine/testkit/conformance/catalog'
import { catalogOptionalTests } from '@moraine/testkit/conformance/catalog-optional'
import type { CatalogUnderTest } from '@moraine/testkit/conformance/catalog-under-test'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import { openCustomCatalog } from './custom-catalog.ts'

// A module that a user could have written, opened as users do: a class around a catalog that there is, whose methods ask
// `this`, with parts of its own. Warehouses stand for databases.

const METHODS = [
  ...['loadTable', 'findMetadataLocation', 'commitTable', 'commitTables', 'listNamespaces', 'createNamespace'],
  ...['dropNamespace', 'loadNamespace', 'updateNamespace', 'listTables', 'createTable', 'stageTable'],
  ...['registerTable', 'overwriteTable', 'dropTable', 'renameTable'],
]

const MODULE = `
  import { internalCatalog } from '${import.meta.resolve('../internal/internal-catalog.ts')}'
  import { memoryCatalogs } from '${import.meta.resolve('@moraine/testkit/memory-stores/memory-catalogs')}'
  const stores = new Map()
  class Theirs {
    #inner
    constructor({ name, properties: { warehouse, keeps }, io, clock, random }) {
      const store = stores.get(warehouse) ?? memoryCatalogs([name])
      stores.set(warehouse, store)
      const drops = keeps === 'true' && { drops: { pointers: store.drops, retentionMs: 3600000 } }
      const terms = { name, warehouse, pointers: store.pointers, io, clock, random, ...drops }
      this.#inner = internalCatalog({ ...terms, allowsExternalLocations: true, onLeftover() {} })
      this.views = this.#inner.views
      if (drops) this.dropped = this.#inner.dropped
    }
    ${METHODS.map((name) => `${name}(...args) { return this.#inner.${name}(...args) }`).join('\n')}
  }
  export const openCatalog = async (context) => new Theirs(context)
`

const directory = mkdtempSync(`${tmpdir()}/moraine-custom-suite-`)
after(() => rmSync(directory, { recursive: true }))
const path = join(directory, 'theirs.mjs')
writeFileSync(path, MODULE)

let opened = 0

async function openForConformance({ keeps = false } = {}): Promise<CatalogUnderTest> {
  opened += 1
  const properties = { 'catalog-impl': path, warehouse: `s3://b/${opened}`, keeps: String(keeps) }
  const io = memoryFileIO()
  const open = (seed: number) =>
    openCustomCatalog({ name: 'theirs', properties, io, clock: systemClock, random: seededRandom(opened * 2 + seed) })
  const [catalog, other] = [await open(0), await open(1)]
  let losing: 'answer' | 'request' | undefined
  return {
    catalog: {
      ...catalog,
      // What a module does not hear of its own server, it says.
      async commitTable(...args) {
        const what = losing
        losing = undefined
        const outcome = what === 'request' ? undefined : await catalog.commitTable(...args)
        return what === undefined && outcome ? outcome : { kind: 'unknown', cause: new Error('connection lost') }
      },
    },
    other,
    io,
    scratch: `s3://b/${opened}/scratch`,
    loseNextAnswer: () => {
      losing = 'answer'
    },
    loseNextRequest: () => {
      losing = 'request'
    },
    close: async () => {},
  }
}

catalogConformance(
  'a custom module',
  {
    nestedNamespaces: true,
    namespaceProperties: true,
    impliedNamespaces: false,
    renames: true,
    views: true,
    transactions: true,
    optional: ['overwriteTable'],
    refusedNames: [],
    fillsPages: true,
  },
  () => openForConformance(),
)
catalogOptionalTests('a custom module that keeps what is dropped', ['overwriteTable', 'dropped'], () =>
  openForConformance({ keeps: true }),
)
