import type { Catalog } from '../catalog.ts'
import { filesystemNamespaces } from './filesystem-namespaces.ts'
import { filesystemTables } from './filesystem-tables.ts'
import type { HadoopStore } from './hadoop-store.ts'

export type FilesystemCatalogOptions = HadoopStore & {
  readonly name: string
  readonly warehouse: string
}

/**
 * A catalog without a service, laid out as Hadoop's: namespaces are folders of the warehouse, a table is a folder with
 * `metadata/vN.metadata.json`, and a commit creates the next N. Spark's `hadoop` catalog and this one may work on the
 * same warehouse. Tables cannot be renamed, nor be anywhere but in their folder; namespaces have no properties.
 */
export function filesystemCatalog(options: FilesystemCatalogOptions): Catalog {
  const { name, warehouse, ...store } = options
  const folder = warehouse.replace(/\/+$/, '')
  return { name, ...filesystemNamespaces(store, folder), ...filesystemTables(store, folder) }
}
