import { CATALOG_FILES, type PlainCatalog } from '@moraine/management/catalogs/catalog-form'
import {
  CATALOG_MAPS,
  type CatalogMap,
  type CatalogMapName,
  type CatalogStore,
  type ManagedCatalog,
  secretName,
} from '@moraine/management/catalogs/managed-catalog'
import { hasAddressSecrets } from '@moraine/stdx/address-for-messages'
import { withoutSecrets } from '@moraine/storage/without-secrets'
import type { SecretPlace, SecretVault } from '../secrets/secret-vault.ts'
import type { Log } from '../service/log.ts'

/** Shown in the place of a secret that is set; sent back, it means that secret. */
export const MASK = '********'

/**
 * By its name (the one list is `withoutSecrets`), because it is a whole file, or because it is an address that says who
 * signs in.
 */
export function isSecret(key: string, value: string): boolean {
  return isSecretName(key) || key in CATALOG_FILES || hasAddressSecrets(value) || RAW_PASSWORD.test(value)
}

/** Whatever its value. */
export function isSecretName(key: string): boolean {
  return Object.keys(withoutSecrets({ [key]: '' })).length === 0
}

/** With signs in it that should have been encoded. */
const RAW_PASSWORD = /:\/\/[^/?#\s@:]*:\S*@/

/** The catalog as it is stored: its secrets sealed, none in the maps. */
export function sealCatalog(catalog: PlainCatalog, vault: SecretVault): ManagedCatalog {
  const sealedSecrets: Record<string, string> = {}
  const visible = (map: CatalogMapName) =>
    Object.fromEntries(
      Object.entries(catalog[map]).filter(([key, value]) => {
        if (!isSecret(key, value)) return true
        const name = secretName(map, key)
        sealedSecrets[name] = vault.seal(placeIn(catalog.name, name), value)
        return false
      }),
    )
  const { name, type } = catalog
  const maps = {
    properties: visible('properties'),
    storageConfig: visible('storageConfig'),
    authConfig: visible('authConfig'),
  }
  return { name, type, ...maps, sealedSecrets }
}

/**
 * The catalog with its secrets in the maps, for whoever opens it.
 *
 * @throws {MoraineError} `permission` or `corrupt`, naming the secret that cannot be opened
 */
export function unsealCatalog(catalog: ManagedCatalog, vault: SecretVault): PlainCatalog {
  const { name, type, properties, storageConfig = {}, authConfig = {}, sealedSecrets = {} } = catalog
  const maps: Record<CatalogMapName, Record<string, string>> = {
    properties: { ...properties },
    storageConfig: { ...storageConfig },
    authConfig: { ...authConfig },
  }
  for (const [place, sealed] of Object.entries(sealedSecrets)) {
    const { map, key } = entryOf(place)
    maps[map][key] = vault.open(placeIn(name, place), sealed)
  }
  return { name, type, ...maps }
}

/** The maps with {@link MASK} where a secret is set. */
export function maskCatalog(catalog: ManagedCatalog): Omit<PlainCatalog, 'name' | 'type'> {
  const { properties, storageConfig = {}, authConfig = {}, sealedSecrets = {} } = catalog
  const maps = { properties: masked(properties), storageConfig: masked(storageConfig), authConfig: masked(authConfig) }
  for (const name of Object.keys(sealedSecrets)) {
    const { map, key } = entryOf(name)
    maps[map][key] = MASK
  }
  return maps
}

export function withoutCatalogSecrets(map: CatalogMap): Record<string, string> {
  return Object.fromEntries(Object.entries(map).filter(([key, value]) => !isSecret(key, value)))
}

function masked(map: CatalogMap): Record<string, string> {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, isSecret(key, value) ? MASK : value]))
}

export function entryOf(name: string): { readonly map: CatalogMapName; readonly key: string } {
  const map = CATALOG_MAPS.find((each) => name.startsWith(`${each}/`))
  if (map === undefined) throw new Error(`invariant violated: no map has the secret ${name}`)
  return { map, key: name.slice(map.length + 1) }
}

function placeIn(catalog: string, name: string): SecretPlace {
  return { owner: `catalog ${catalog}`, name, remedy: 'give it anew by an update of the catalog' }
}

/** Seals what an earlier version stored in the clear. */
export async function sealPlainCatalogs(store: CatalogStore, vault: SecretVault, log: Log): Promise<void> {
  for (const catalog of await store.listCatalogs()) {
    const { properties, storageConfig = {}, authConfig = {}, sealedSecrets } = catalog
    const maps = { properties, storageConfig, authConfig }
    const isPlain = Object.values(maps).some((map) => Object.entries(map).some(([key, value]) => isSecret(key, value)))
    if (!isPlain) continue
    const fresh = sealCatalog({ name: catalog.name, type: catalog.type, ...maps }, vault)
    const sealed = { ...fresh, sealedSecrets: { ...sealedSecrets, ...fresh.sealedSecrets } }
    // Changed meanwhile by another server: that has sealed it.
    if (!(await store.swapCatalog(catalog.version, sealed))) continue
    log.info({ catalog: catalog.name }, 'secrets of a catalog were stored in the clear and are sealed now')
  }
}

/** The text without any of the catalog's secrets, whatever else put them there. */
export function redact(text: string, catalog: PlainCatalog): string {
  const secrets = CATALOG_MAPS.flatMap((map) => Object.entries(catalog[map]))
    .filter(([key, value]) => value.length >= REDACTED_MIN && isSecret(key, value))
    .flatMap(([, value]) => [value, encodeURIComponent(value), ...passwordsIn(value)])
  return secrets.toSorted((a, b) => b.length - a.length).reduce((found, secret) => found.replaceAll(secret, MASK), text)
}

/** Shorter ones would take whole words out of a message, and are no secrets. */
const REDACTED_MIN = 4

function passwordsIn(value: string): readonly string[] {
  const [, password = ''] = /:\/\/[^/?#\s:@]*:([^/?#\s]*)@/.exec(value) ?? []
  return password.length < REDACTED_MIN ? [] : [password, safelyDecoded(password)]
}

function safelyDecoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
