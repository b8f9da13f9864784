import { systemClock } from '@moraine/stdx/clock'
import { seededRandom } from '@moraine/stdx/random'
import type { FileIO } from '@moraine/storage/file-io'
import type { catalogConformance } from '@moraine/testkit/conformance/catalog'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import { type JdbcCatalog, jdbcCatalogIn } from '../jdbc-catalog.ts'
import type { JdbcDatabase } from '../jdbc-database.ts'
import { jdbcSettings } from '../jdbc-settings.ts'
import { openJdbcDatabase } from '../open-jdbc-database.ts'
import { lossyDatabase } from './lossy-database.ts'

type Conformance = Parameters<typeof catalogConformance>

/** What the conformance suite is to expect of a JDBC catalog with a V1 schema that is not strict. */
export const JDBC_TRAITS: Conformance[1] = {
  nestedNamespaces: true,
  namespaceProperties: true,
  impliedNamespaces: true,
  renames: true,
  views: true,
  transactions: true,
  rebases: true,
  optional: ['overwriteTable', 'probeCommit'],
  refusedNames: [],
  refusedNamespaces: ['dots.in.name'],
  fillsPages: false,
}

let seed = 0

/** A catalog `lake` in a database that is open already; files that are left behind are a failure. */
export function jdbcCatalogUnderTest(
  database: JdbcDatabase,
  properties: Readonly<Record<string, string>>,
  io: FileIO,
): Promise<JdbcCatalog> {
  seed += 1
  return jdbcCatalogIn(database, jdbcSettings({ warehouse: 's3://b/wh/', ...properties }), {
    name: 'lake',
    io,
    clock: systemClock,
    random: seededRandom(seed),
    onLeftover: (error) => {
      throw error
    },
  })
}

/** Two clients with connections of their own, the first of which can lose them. `empty` makes the database fresh. */
export function jdbcConformance(
  empty: () => Promise<Readonly<Record<string, string>>> | Readonly<Record<string, string>>,
): Conformance[2] {
  return async () => {
    const properties = await empty()
    const io = memoryFileIO()
    const { server } = jdbcSettings({ warehouse: 's3://b/wh', ...properties })
    const lossy = lossyDatabase(openJdbcDatabase(server, systemClock))
    const catalog = await jdbcCatalogUnderTest(lossy, properties, io)
    const other = await jdbcCatalogUnderTest(openJdbcDatabase(server, systemClock), properties, io)
    return {
      catalog,
      other,
      io,
      scratch: 's3://b/scratch',
      loseNextAnswer: () => lossy.loseNext('answer'),
      loseNextRequest: () => lossy.loseNext('request'),
      async close() {
        await Promise.all([catalog.close(), other.close()])
      },
    }
  }
}
