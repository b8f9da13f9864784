import { type Clock, systemClock } from '@moraine/stdx/clock'
import { seededRandom } from '@moraine/stdx/random'
import type { FileIO } from '@moraine/storage/file-io'
import type { catalogConformance } from '@moraine/testkit/conformance/catalog'
import type { Catalog } from '../../catalog.ts'
import { oneAtATime } from '../../one-at-a-time.ts'
import { type GlueCatalog, openGlueCatalog } from '../glue-catalog.ts'
import type { LossyGlueProxy } from './lossy-glue-proxy.ts'

/** What the conformance suite is to expect of a catalog over any Glue. */
export const GLUE_TRAITS: Parameters<typeof catalogConformance>[1] = {
  nestedNamespaces: false,
  namespaceProperties: true,
  impliedNamespaces: false,
  renames: true,
  views: false,
  transactions: false,
  rebases: true,
  optional: ['probeCommit'],
  refusedNames: [
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

const ATTEMPTS = 2
let seed = 0

/** A catalog for tests; what it leaves behind fails them. */
export function openTestGlue(
  endpoint: string,
  io: FileIO,
  properties: Readonly<Record<string, string>> = {},
  clock: Clock = systemClock,
): Promise<GlueCatalog> {
  seed += 1
  const keys = { 'glue.access-key-id': 'lab', 'glue.secret-access-key': 'labsecret', 'client.region': 'us-east-1' }
  const defaults = { ...keys, 'glue.max-retries': String(ATTEMPTS) }
  return openGlueCatalog({
    name: 'glue',
    properties: { ...defaults, ...properties, 'glue.endpoint': endpoint },
    io,
    clock,
    random: seededRandom(seed),
    onLeftover(error) {
      throw error
    },
  })
}

/** Two clients of one Glue, the first through a proxy that loses what it is told to. */
export async function openGluePair(
  proxy: LossyGlueProxy,
  endpoint: string,
  io: FileIO,
  properties: Readonly<Record<string, string>>,
) {
  const [catalog, other] = [
    await openTestGlue(proxy.endpoint, io, properties),
    await openTestGlue(endpoint, io, properties),
  ]
  const line = oneAtATime()
  // Glue replaces a database's properties and compares nothing, so those of two clients are changed in turn.
  const inTurn = (each: GlueCatalog): Catalog => ({
    ...each,
    updateNamespace: (...args) => line('namespaces', () => each.updateNamespace(...args)),
  })
  return {
    catalog: inTurn(catalog),
    other: inTurn(other),
    loseNextAnswer: () => proxy.next('UpdateTable', 'lose-answer'),
    // A lost request is sent again, so all of its attempts have to get lost.
    loseNextRequest: () =>
      proxy.next('UpdateTable', ...Array.from({ length: ATTEMPTS }, () => 'lose-request' as const)),
    async close() {
      await Promise.all([catalog.close(), other.close()])
    },
  }
}
