import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { tableProperty } from '@moraine/iceberg/metadata/table-properties'
import { type Random, uuidV4 } from '@moraine/stdx/random'

/**
 * A fresh location for the next metadata file: `<location>/metadata/00003-<uuid>.metadata.json`, as Iceberg's metastore
 * catalogs name them, or in the folder that the property `write.metadata.path` names.
 *
 * @param previous the location of the metadata that the new one follows
 */
export function newMetadataLocation(
  { location, properties }: Pick<TableMetadata, 'location' | 'properties'>,
  previous: string | undefined,
  random: Random,
): string {
  const ordinal = String(ordinalOf(previous) + 1).padStart(5, '0')
  const ending =
    tableProperty(properties, 'write.metadata.compression-codec') === 'gzip' ? '.gz.metadata.json' : '.metadata.json'
  return `${newMetadataFolder({ location, properties })}/${ordinal}-${uuidV4(random)}${ending}`
}

/** Where they are written, without a slash at the end. */
export function newMetadataFolder({ location, properties }: Pick<TableMetadata, 'location' | 'properties'>): string {
  return tableProperty(properties, 'write.metadata.path')?.replace(/\/+$/, '') ?? `${location}/metadata`
}

/** Whether the name has a uuid, as those of {@link newMetadataLocation} do: such a file never changes. */
export function isUniqueMetadataLocation(location: string): boolean {
  return /\/\d+-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(\.gz)?\.metadata\.json(\.gz)?$/.test(location)
}

function ordinalOf(location: string | undefined): number {
  const digits = location === undefined ? undefined : /\/(\d{1,9})-[^/]*$/.exec(location)?.[1]
  return digits === undefined ? -1 : Number(digits)
}
