/** A catalog the service knows: Amoro's registration, with its words for the kind of metastore. */
export type ManagedCatalog = {
  readonly name: string
  readonly type: CatalogType
  readonly properties: Readonly<Record<string, string>>
}

/** `ams`: this service is the metastore. */
export type CatalogType = 'ams' | 'filesystem' | 'hadoop' | 'rest' | 'hive' | 'glue' | 'custom'

export interface CatalogStore {
  listCatalogs(): Promise<readonly ManagedCatalog[]>
  findCatalog(name: string): Promise<ManagedCatalog | undefined>
  /** Adds the catalog, or replaces its properties; its type cannot change. */
  saveCatalog(catalog: ManagedCatalog): Promise<void>
  removeCatalog(name: string): Promise<void>
}
