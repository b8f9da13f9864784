/** What other catalogs that are registered with the service have in the stores, whoever keeps them. As far as is known now. */
export interface OtherCatalogs {
  /**
   * Another catalog whose warehouse is at, in or around a folder. One that is kept by the service is not found around it: which
   * tables it has there is known one by one.
   */
  findWarehouse(catalog: string, folder: string): Promise<OtherWarehouse | undefined>
  /** A table of a catalog that somebody else keeps, whose files are in the folder, or around it. */
  findTable(catalog: string, folder: string): Promise<OtherTable | undefined>
}

export type OtherWarehouse = { readonly catalog: string; readonly isAround: boolean }

export type OtherTable = { readonly catalog: string; readonly namespace: readonly string[]; readonly name: string }
