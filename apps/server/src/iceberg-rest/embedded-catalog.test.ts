import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { internalCatalog } from '@moraine/catalogs/internal/internal-catalog'
import type { TablePointers } from '@moraine/catalogs/internal/table-pointers'
import { openSqlite } from '@moraine/persistence/sqlite/open-sqlite'
import { systemClock } from '@moraine/stdx/clock'
import { systemRandom } from '@moraine/stdx/random'
import { localFileIO } from '@moraine/storage/local-file-io'
import { catalogConformance } from '@moraine/testkit/conformance/catalog'
import { catalogOptionalTests } from '@moraine/testkit/conformance/catalog-optional'
import type { CatalogUnderTest } from '@moraine/testkit/conformance/catalog-under-test'

// The internal catalog as the service runs it without further settings: pointers in SQLite, files on the local disk.

async function openForConformance({ keepsDropped = false } = {}): Promise<CatalogUnderTest> {
  const directory = mkdtempSync(join(tmpdir(), 'moraine-catalog-'))
  const database = await openSqlite(join(directory, 'moraine.db'))
  await database.stores.catalogs.saveCatalog({ name: 'lake', type: 'ams', properties: {} })
  const io = localFileIO(systemRandom)
  let lose: 'answer' | 'request' | undefined
  const lossy: TablePointers = {
    ...database.stores.pointers,
    async swapPointer(table, next) {
      const losing = lose
      lose = undefined
      const won = losing !== 'request' && (await database.stores.pointers.swapPointer(table, next))
      if (losing !== undefined) throw new Error('connection lost')
      return won
    },
  }
  const open = (pointers: TablePointers) =>
    internalCatalog({
      name: 'lake',
      warehouse: `file://${directory}/warehouse`,
      pointers,
      io,
      clock: systemClock,
      random: systemRandom,
      ...(keepsDropped && { drops: { pointers: database.stores.drops, retentionMs: 3_600_000 } }),
      onLeftover: (error) => {
        throw error
      },
    })
  return {
    catalog: open(lossy),
    other: open(database.stores.pointers),
    io,
    scratch: join(directory, 'warehouse', 'scratch'),
    loseNextAnswer: () => {
      lose = 'answer'
    },
    loseNextRequest: () => {
      lose = 'request'
    },
    async close() {
      await database.close()
      rmSync(directory, { recursive: true })
    },
  }
}

catalogConformance(
  'internal catalog in SQLite and on disk',
  {
    nestedNamespaces: true,
    namespaceProperties: true,
    impliedNamespaces: false,
    renames: true,
    views: true,
    transactions: true,
    refusedNames: [],
    fillsPages: false,
  },
  () => openForConformance(),
)

catalogOptionalTests('internal catalog in SQLite that keeps what is dropped', ['overwriteTable', 'dropped'], () =>
  openForConformance({ keepsDropped: true }),
)
