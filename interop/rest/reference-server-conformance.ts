import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemRandom } from '@moraine/stdx/random'
import type { FileIO } from '@moraine/storage/file-io'
import { localFileIO } from '@moraine/storage/local-file-io'
import { catalogConformance } from '@moraine/testkit/conformance/catalog'
import type { RestServer } from '../lab/rest-server.ts'
import { openForeignPair } from './foreign-catalog-under-test.ts'

const TRAITS: Parameters<typeof catalogConformance>[1] = {
  nestedNamespaces: true,
  namespaceProperties: true,
  impliedNamespaces: false,
  renames: true,
  views: true,
  transactions: true,
  optional: ['loadStorage', 'purgeTable'],
  refusedNames: [],
  // Its configuration says that levels are parted by dots.
  refusedNamespaces: ['dots.in.name'],
  // It answers 400 without a word to paths with what could be read as a slash.
  unreachableNames: ['percent%2Fescaped', 'slash/ed', 'back\\slashed'],
  fillsPages: false,
}

/** Where the server does not do what the suite wants, and how that shows. */
const DEVIATIONS: Readonly<Record<string, RegExp>> = {
  // It drops a namespace that has others within it, and these stay.
  'namespaces nest, and each lists only its own children': /Missing expected rejection/,
  // It stages a table for a namespace that is not there; creating it then fails.
  'what is not there is not found': /Missing expected rejection/,
  // It leaves the metadata files of the commits that it refused.
  'eight writers make one linear history with all that they committed': /^\+ .*metadata\.json/m,
  // It makes a version of its own, with its own time and summary, of a view's first one.
  'views: what was created is loaded and listed by every client': /^\+ .*Apache Iceberg/m,
  // It removes the metadata files of a view that is dropped.
  'views: views are renamed, dropped and registered again': /io\.stat\(created\.metadataLocation\)/,
  // A transaction creates no table.
  'a transaction commits to all its tables, and creates those it asserts': /Table does not exist: sales\.fresh/,
  // It does not say which table a requirement was about.
  'a transaction of which one part is refused changes nothing': /Requirement failed: current schema changed/,
  // It looks at the requirements once, and puts transactions that lose the race on top of the others: all of them were made.
  'of transactions on the same tables from the same state one wins': /[234] !== 1/,
}

/** The conformance suite over the reference server, which is reached by `properties`. */
export function referenceServerConformance(
  title: string,
  { warehouse, forgetAll }: RestServer,
  properties: Readonly<Record<string, string>>,
): void {
  const unseen = new Set(Object.keys(DEVIATIONS))
  catalogConformance(title, TRAITS, async () => ({
    ...(await openForeignPair(properties)),
    io: withoutChecksums(localFileIO(systemRandom)),
    scratch: `${warehouse}/scratch`,
    deviation(what) {
      unseen.delete(what)
      return DEVIATIONS[what]
    },
    close: async () => forgetAll(),
  }))
  test(`${title}: no deviation is of a test that is not there`, () => assert.deepEqual([...unseen], []))
}

/** Without the files that Hadoop keeps beside each other one. */
function withoutChecksums(io: FileIO): FileIO {
  return {
    ...io,
    async *list(prefix, signal) {
      for await (const file of io.list(prefix, signal)) if (!file.location.endsWith('.crc')) yield file
    },
  }
}
