import { parseLocation } from '@moraine/storage/location'

/**
 * The checksum files that Hadoop keeps beside each of its files on a local disk (`.v7.metadata.json.crc`), for the given
 * locations; none for locations in other stores. Hadoop refuses to read a file that differs from its checksum file, so
 * whoever replaces or removes one of Hadoop's files by other means removes that first.
 */
export function checksumFiles(locations: readonly string[]): readonly string[] {
  return locations
    .filter((location) => parseLocation(location).scheme === 'file')
    .map((location) => location.replace(/[^/]*$/, (name) => `.${name}.crc`))
}
