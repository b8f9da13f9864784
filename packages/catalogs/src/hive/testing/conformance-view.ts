import type { catalogConformance } from '@moraine/testkit/conformance/catalog'
import type { HiveCatalog } from '../hive-catalog.ts'

/** What the conformance suite is to expect of a catalog over any metastore. */
export const HIVE_TRAITS: Parameters<typeof catalogConformance>[1] = {
  nestedNamespaces: false,
  namespaceProperties: true,
  impliedNamespaces: false,
  renames: true,
  views: false,
  transactions: false,
  rebases: true,
  optional: ['probeCommit'],
  refusedNames: ['表・テーブル', 'percent%2Fescaped', 'back\\slashed'],
  refusedNamespaces: [
    `it's "quoted"`,
    'dots.in.name',
    '表・テーブル',
    'with space',
    'percent%2Fescaped',
    'a+b&c=d',
    '#hash?query',
    'slash/ed',
    'back\\slashed',
    'a:colon',
  ],
  fillsPages: false,
}

/** Without what every metastore has by itself: the database `default`, and a place and an owner for each database. */
export function withPlainNamespaces(catalog: HiveCatalog): HiveCatalog {
  return {
    ...catalog,
    async listNamespaces(parent, page, signal) {
      const { items, ...rest } = await catalog.listNamespaces(parent, page, signal)
      return { items: items.filter(([name]) => name !== 'default'), ...rest }
    },
    async loadNamespace(namespace, signal) {
      const properties = await catalog.loadNamespace(namespace, signal)
      return Object.fromEntries(Object.entries(properties).filter(([key]) => !OWN.test(key)))
    },
  }
}

const OWN = /^(location|hive\.metastore\.database\.owner(-type)?)$/
