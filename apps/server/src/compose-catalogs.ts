import type { TableId } from '@moraine/lifecycle/identity'
import type { PlainCatalog } from '@moraine/management/catalogs/catalog-form'
import type { CatalogListing } from '@moraine/management/catalogs/catalog-listing'
import type { Stores } from '@moraine/management/store/stores'
import { describeError } from '@moraine/stdx/error'
import { catalogListing } from './catalogs/catalog-listing.ts'
import { type CatalogRegistry, catalogRegistry } from './catalogs/catalog-registry.ts'
import { type OpenCatalogs, type OpenCatalogsDeps, openCatalogs, openPlainCatalog } from './catalogs/open-catalogs.ts'
import { type PlacesOfOthers, placesOfOthers } from './catalogs/places-of-others.ts'
import { registrationWarnings } from './catalogs/registration-warnings.ts'
import { testConnection } from './catalogs/test-connection.ts'
import { reconsiderTables } from './changes/reconsider-tables.ts'
import { requestTrail } from './http/request-trail.ts'
import type { NudgeSwitch } from './nudges/nudge-switch.ts'
import { derivedKey } from './secrets/derived-key.ts'
import type { SecretVault } from './secrets/secret-vault.ts'
import type { ServerOptions } from './server-options.ts'

export type CatalogsOptions = Pick<ServerOptions, 'settings' | 'clock' | 'random' | 'log'> & {
  readonly secretKey: Uint8Array
  readonly vault: SecretVault
  /** As they come from the database. */
  readonly stores: Stores
}

export type ComposedCatalogs = {
  readonly catalogs: OpenCatalogs
  readonly listing: CatalogListing
  /** Where catalogs that others keep have their tables. */
  readonly others: PlacesOfOthers
  /** What a catalog is opened with. */
  readonly opening: Omit<OpenCatalogsDeps, 'store' | 'vault'> & { readonly others: PlacesOfOthers }
}

/** The registered catalogs, opened as they are asked for. */
export function composeCatalogs(options: CatalogsOptions): ComposedCatalogs {
  const { clock, random, log, vault, secretKey, settings, stores } = options
  const others: PlacesOfOthers = placesOfOthers({
    stores,
    vault,
    // Catalogs are opened with what is made here; by the time that it asks one of them, there are all.
    findMetadataLocation: async ({ catalog: name, ...table }, signal) =>
      (await catalogs(name, signal)).catalog.findMetadataLocation(table, signal),
  })
  const { pointers, underClaims } = stores
  const opening = {
    ...{ pointers, underClaims, others, clock, random, log },
    drops: { pointers: stores.drops, retentionMs: settings.dropRetentionMs },
    stagedKey: derivedKey(secretKey, 'staged tables'),
    fetchFor: requestTrail(options).fetchFor,
  }
  const catalogs: OpenCatalogs = openCatalogs({ ...opening, store: stores.catalogs, vault })
  return { catalogs, listing: catalogListing(catalogs), others, opening }
}

export type RegistryOptions = CatalogsOptions & {
  readonly nudges: Pick<NudgeSwitch, 'send'>
  /** Through which changes of tables are announced. */
  readonly told: Stores
  readonly ownCatalog: string
}

/** The registrations of catalogs; what is open, and what is known of tables, follows them. */
export function composeRegistry(options: RegistryOptions, composed: ComposedCatalogs): CatalogRegistry {
  const { clock, random, log, vault, nudges, stores, told, ownCatalog } = options
  const { catalogs, others, opening } = composed
  const findWarnings = (plain: PlainCatalog) => registrationWarnings(plain, others)
  return catalogRegistry({
    findWarnings,
    store: stores.catalogs,
    vault,
    pointers: stores.pointers,
    drops: stores.drops,
    clock,
    ownCatalog,
    testConnection: (plain, signal) =>
      testConnection(
        plain,
        {
          open: (each, inner) => openPlainCatalog(each, opening, inner),
          findWarnings,
          ...{ clock, random },
        },
        signal,
      ),
    onWarning: (catalog, warning) =>
      log.warn({ catalog, warning }, 'a catalog was saved that may not be as it was meant'),
    onChanged(name, { hasOtherDefaults }) {
      catalogs.forget(name)
      nudges.send({ to: 'explorer', catalog: name })
      if (!hasOtherDefaults) return
      const onTableChanged = (tableId: TableId) => nudges.send({ to: 'refresher', tableId })
      void reconsiderTables(name, { stores: told, onTableChanged }).catch((error: unknown) => {
        log.warn({ catalog: name, failure: describeError(error) }, 'tables are held to old defaults until they change')
      })
    },
  })
}
