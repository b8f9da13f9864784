import { CATALOG_FILES, type PlainCatalog } from '@moraine/management/catalogs/catalog-form'
import {
  CATALOG_MAPS,
  type CatalogMap,
  type CatalogMapName,
  type CatalogStore,
  type ManagedCatalog,
  secretName,
} from '@moraine/management/catalogs/managed-catalog'
import { withoutSecrets } from '@moraine/storage/without-secrets'
import type { Log } from '../service/log.ts'
import type { SecretPlace, SecretVault } from './secret-vault.ts'

/** Shown in the place of a secret that is set; sent back, it means that secret. */
export const MASK = '********'

/**
 * By its name (the one list is `withoutSecrets`), because it is a whole file, or because it is an address that has a
 * password in it.
 */
export function isSecret(key: string, value: string): boolean {
  return Object.keys(withoutSecrets({ [key]: value })).length === 0 || key in CATALOG_FILES || SECRET_VALUE.test(value)
}

const SECRET_VALUE =
  /:\/\/[^/?#\s@:]*:\S*@|[?&;][^=&;]*(?:password|passwd|pwd|secret|token|signature|credential|[-_]key|sig)[^=&;]*=/i

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
    const { map, key } = placeOf(place)
    maps[map][key] = vault.open(placeIn(name, place), sealed)
  }
  return { name, type, ...maps }
}

/** The maps with {@link MASK} where a secret is set. */
export function maskCatalog(catalog: ManagedCatalog): Omit<PlainCatalog, 'name' | 'type'> {
  const { properties, storageConfig = {}, authConfig = {}, sealedSecrets = {} } = catalog
  const maps = { properties: masked(properties), storageConfig: masked(storageConfig), authConfig: masked(authConfig) }
  for (const name of Object.keys(sealedSecrets)) {
    const { map, key } = placeOf(name)
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

export function placeOf(name: string): { readonly map: CatalogMapName; readonly key: string } {
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
    await store.saveCatalog({ ...fresh, sealedSecrets: { ...sealedSecrets, ...fresh.sealedSecrets } })
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
