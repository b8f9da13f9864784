import type { CatalogTables } from '@moraine/catalogs/catalog'
import type { TableIdentifier } from '@moraine/catalogs/table-identifier'
import type { FileIO } from '@moraine/storage/file-io'
import type { StorageSettings } from '@moraine/storage/settings'

/** A table of one of the service's catalogs, with the means to reach its files. */
export type ReachedTable = {
  readonly store: CatalogTables
  readonly identifier: TableIdentifier
  readonly io: FileIO
  readonly storage: StorageSettings
}
