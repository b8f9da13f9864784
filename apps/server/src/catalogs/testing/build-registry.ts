import type { PlainCatalog } from '@moraine/management/catalogs/catalog-form'
import type { Stores } from '@moraine/management/store/stores'
import { T0 } from '@moraine/management/testing/build'
import { seededRandom } from '@moraine/stdx/random'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { type SecretVault, secretVault } from '../../secrets/secret-vault.ts'
import { type CatalogRegistry, catalogRegistry } from '../catalog-registry.ts'
import { registrationWarnings } from '../registration-warnings.ts'
import type { ConnectionReport } from '../test-connection.ts'

export type BuiltRegistry = {
  readonly registry: CatalogRegistry
  readonly vault: SecretVault
  /** Catalogs that were said to have changed, and how. */
  readonly changed: readonly string[]
  /** What was said of those that were saved. */
  readonly warnings: readonly string[]
  /** What was tested, secrets and all. */
  readonly tested: readonly PlainCatalog[]
}

/** A registry over the stores, whose connection tests end as they are told to. */
export function buildRegistry(
  stores: Pick<Stores, 'catalogs' | 'pointers' | 'drops'>,
  report: (signal: AbortSignal | undefined) => ConnectionReport | Promise<ConnectionReport> = () => ({
    passed: true,
    steps: [],
  }),
): BuiltRegistry {
  const random = seededRandom(4)
  const vault = secretVault(random.bytes(32), random)
  const changed: string[] = []
  const tested: PlainCatalog[] = []
  const warnings: string[] = []
  const registry = catalogRegistry({
    store: stores.catalogs,
    vault,
    pointers: stores.pointers,
    drops: stores.drops,
    clock: virtualClock(T0),
    ownCatalog: 'lake',
    async testConnection(catalog, signal) {
      tested.push(catalog)
      return report(signal)
    },
    findWarnings: (catalog) => registrationWarnings(catalog, { findOverlaps: async () => [] }),
    onWarning: (name, warning) => warnings.push(`${name}: ${warning}`),
    onChanged: (name, { hasOtherDefaults }) => changed.push(hasOtherDefaults ? `${name} and its defaults` : name),
  })
  return { registry, vault, changed, tested, warnings }
}
