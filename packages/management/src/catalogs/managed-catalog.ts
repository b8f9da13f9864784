/** A catalog the service knows: Amoro's registration, with its words for the kind of metastore. */
export type ManagedCatalog = {
  readonly name: string
  readonly type: CatalogType
  /** Amoro's `catalogProperties`: what the adapters take, `table-formats`, the filters, and `table.*`. */
  readonly properties: CatalogMap
  /** Amoro's `storageConfigs`. */
  readonly storageConfig?: CatalogMap
  /** Amoro's `authConfigs`. */
  readonly authConfig?: CatalogMap
  /** Values of the three maps that nobody may see, sealed, by the name that {@link secretName} gives them. */
  readonly sealedSecrets?: CatalogMap
}

export type CatalogMap = Readonly<Record<string, string>>

/** `ams`: this service is the metastore. `hadoop` is a former name of `filesystem`; `jdbc` is not in Amoro. */
export type CatalogType = 'ams' | 'filesystem' | 'hadoop' | 'rest' | 'hive' | 'glue' | 'custom' | 'jdbc'

/** The maps of a catalog that have values. */
export const CATALOG_MAPS = ['properties', 'storageConfig', 'authConfig'] as const
export type CatalogMapName = (typeof CATALOG_MAPS)[number]

/** Where a secret belongs: `authConfig/auth.ak_sk.secret_key`. */
export function secretName(map: CatalogMapName, key: string): string {
  return `${map}/${key}`
}

export interface CatalogStore {
  listCatalogs(): Promise<readonly ManagedCatalog[]>
  findCatalog(name: string): Promise<ManagedCatalog | undefined>
  /** Adds the catalog, or replaces all of it but its type, which cannot change. */
  saveCatalog(catalog: ManagedCatalog): Promise<void>
  removeCatalog(name: string): Promise<void>
}
