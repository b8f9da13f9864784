/** Of a catalog, a namespace or a table: what the Iceberg REST document calls so. */
export type Properties = Readonly<Record<string, string>>
