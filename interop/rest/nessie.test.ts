import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { Catalog, LoadedTable } from '@moraine/catalogs/catalog'
import { systemClock } from '@moraine/stdx/clock'
import { systemRandom } from '@moraine/stdx/random'
import { openStorage } from '@moraine/storage/open-storage'
import { catalogConformance } from '@moraine/testkit/conformance/catalog'
import { startNessie } from '../lab/nessie.ts'
import { startMinio, stopMinio } from '../storage/minio.ts'
import { openForeignPair } from './foreign-catalog-under-test.ts'

// The conformance suite over Nessie, its files on MinIO: each test has a branch of its own, which is a catalog of its own.

const TRAITS: Parameters<typeof catalogConformance>[1] = {
  nestedNamespaces: true,
  namespaceProperties: true,
  impliedNamespaces: false,
  renames: true,
  // Its configuration names no endpoints, so there are none of views and transactions.
  views: false,
  transactions: false,
  optional: ['loadStorage', 'purgeTable'],
  // What follows `#` would name a commit, and what is before a colon the scheme of a location.
  refusedNames: ['#hash?query', 'a:colon'],
  refusedNamespaces: [],
  fillsPages: false,
}

/** Where the server does not do what the suite wants, and how that shows. */
const DEVIATIONS: Readonly<Record<string, RegExp>> = {
  // To drop a namespace that is not there is no failure.
  'a namespace is there from its creation to its drop, for every client': /Missing expected rejection/,
  // Nor to ask what is within one.
  'namespaces nest, and each lists only its own children': /Missing expected rejection/,
  // It also calls those missing that were set.
  'namespace properties are set, removed and reported missing': /'none',\n\+ +'a'/,
  // Of changes at the same time one is made, and the others are refused.
  'concurrent changes of namespace properties all count': /answered 409 : Values of existing and expected content/,
  // It stages a table for a namespace that is not there; creating it then fails.
  'what is not there is not found': /Missing expected rejection/,
  // It answers 400 for a file that is not there.
  'a metadata file can be registered as a table':
    /answered 400 IllegalArgumentException: The specified key does not exist/,
  // It takes the part before the colon for the scheme of a location.
  'namespaces with odd names are kept apart, or refused by name': /Unknown or unsupported scheme/,
  // The history of a table is that of the branch: its metadata shows one snapshot, and no log of metadata files.
  'a commit is seen by every client, with ids beyond 2^53 and its history': /^- +9223372036854775807n,$/m,
  'a commit whose answer is lost is never called a conflict': /1 !== 2/,
  'metadata files stay as long as the log has them, and longer unless told': /^\+ \[\]$/m,
  'eight writers make one linear history with all that they committed': /^- +461\d+n,$/m,
  // A commit of nothing is a commit.
  'a commit without updates makes nothing': /^\+ +metadataLocation/m,
  // It does not look at a requirement that there be no such ref.
  'assert-ref-snapshot-id of a ref that must not be there lets a commit pass or refuses it with the reason':
    /'committed'\n- 'conflict'/,
  'metadata can be compressed from some commit on': /gz\\\.metadata/,
}

const name = `nessie-${process.pid}`
const minio = startMinio(name)
const nessie = 'skip' in minio ? undefined : startNessie(name, minio.settings)
after(() => {
  if (nessie?.kind === 'started') nessie.engine.stop()
  stopMinio(name)
})

if (!('skip' in minio) && nessie?.kind === 'started') {
  const unseen = new Set(Object.keys(DEVIATIONS))
  let branches = 0
  catalogConformance('Nessie', TRAITS, async () => {
    branches += 1
    const { catalog, other, ...faults } = await openForeignPair(await nessie.engine.emptyBranch(`test-${branches}`))
    return {
      ...faults,
      catalog: withoutMarks(catalog),
      other: withoutMarks(other),
      io: openStorage(minio.settings, { clock: systemClock, random: systemRandom }),
      scratch: 's3://lab/scratch',
      deviation(what) {
        unseen.delete(what)
        return DEVIATIONS[what]
      },
      close: async () => {},
    }
  })
  test('no deviation is of a test that is not there', () => assert.deepEqual([...unseen], []))
} else {
  const why = 'skip' in minio ? minio.skip : nessie?.kind === 'unavailable' ? nessie.why : ''
  test('Nessie', (context) => context.skip(why))
}

/** Without the properties by which Nessie says which commit it shows, and the keys to the files, which change with every look. */
function withoutMarks(catalog: Catalog): Catalog {
  const plain = ({ storageProperties: _, ...table }: LoadedTable): LoadedTable => {
    const kept = Object.entries(table.metadata.properties).filter(([key]) => !key.startsWith('nessie.'))
    return { ...table, metadata: { ...table.metadata, properties: Object.fromEntries(kept) } }
  }
  return {
    ...catalog,
    loadTable: async (...args) => plain(await catalog.loadTable(...args)),
    createTable: async (...args) => plain(await catalog.createTable(...args)),
    registerTable: async (...args) => plain(await catalog.registerTable(...args)),
    async commitTable(...args) {
      const outcome = await catalog.commitTable(...args)
      return outcome.kind === 'committed' ? { ...outcome, table: plain(outcome.table) } : outcome
    },
  }
}
