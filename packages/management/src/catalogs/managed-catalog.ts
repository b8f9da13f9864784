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

/** A catalog as it is stored. Each time it is stored it has another version, also if it was gone meanwhile. */
export type StoredCatalog = ManagedCatalog & { readonly version: number }

export interface CatalogStore {
  listCatalogs(): Promise<readonly StoredCatalog[]>
  findCatalog(name: string): Promise<StoredCatalog | undefined>
  /** What tells whether it has changed, at the least cost. */
  findCatalogVersion(name: string): Promise<number | undefined>
  /**
   * The name of the catalog that is in the way: its own, or one that differs in nothing but case. Grants that name a catalog
   * that was not there yet are of a former one, and are none for this: they go.
   */
  addCatalog(catalog: ManagedCatalog): Promise<string | undefined>
  /** Replaces all of the catalog but its type, which cannot change; false if it is not of that version any more. */
  swapCatalog(version: number, catalog: ManagedCatalog): Promise<boolean>
  /** Adds or replaces it, whoever else does; its type stays. For a start of the service, which asks nobody. */
  saveCatalog(catalog: ManagedCatalog): Promise<void>
  /** And, at once, all grants that name it. With `isEmpty`, one that has no namespace and no dropped table that is kept. */
  removeCatalog(name: string, only?: RemoveCondition): Promise<'removed' | 'absent' | 'changed' | 'not-empty'>
}

export type RemoveCondition = { readonly version: number; readonly isEmpty: boolean }
