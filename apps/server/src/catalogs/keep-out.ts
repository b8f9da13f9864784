import type { DroppedPointers } from '@moraine/catalogs/internal/dropped-pointers'
import type { TablePlace } from '@moraine/catalogs/metadata-file/own-files'
import { FILE_PATH_PROPERTIES } from '@moraine/iceberg/metadata/table-properties'
import { MoraineError } from '@moraine/stdx/error'
import { folderOf, isLocation } from '@moraine/storage/places'

/**
 * Keeps what a catalog of others says of its tables out of the tables that the service keeps itself: their writers could name
 * these, and have them read and copied with the service's keys. Refusals are `permission`; whose place it is they do not say.
 */
export type KeepOut = {
  /** A table whose places are in, at or around those of one of ours. */
  checkTable(table: TablePlace): Promise<void>
  /** Files in such places. */
  checkFiles(files: Iterable<string>): Promise<void>
}

export function keepOut(
  catalog: string,
  pointers: Pick<DroppedPointers, 'findPointerUnder' | 'findPointerAround'>,
): KeepOut {
  const refuse = (what: string) => {
    throw new MoraineError(
      'permission',
      `${what} is in, or around, the place of a table that this service keeps, so that it is not read as one of catalog ${catalog}; look at the table in the catalog that has it`,
    )
  }
  return {
    async checkTable(table) {
      const places = placesOf(table)
      const found = (await pointers.findPointerAround(places)) ?? (await pointers.findPointerUnder(places))
      if (found !== undefined) refuse(`the table at ${table.location}`)
    },
    async checkFiles(files) {
      const folders = new Set<string>()
      for (const file of files) folders.add(folderOf(file))
      const known = [...folders].filter(isLocation)
      for (let at = 0; at < known.length; at += FOLDERS_AT_ONCE) {
        const some = known.slice(at, at + FOLDERS_AT_ONCE)
        if ((await pointers.findPointerAround(some)) === undefined) continue
        // Asked for together they do not say which of them it is.
        for (const folder of some) {
          if ((await pointers.findPointerAround([folder])) !== undefined) refuse(`a data file in ${folder}`)
        }
        // Who was there has moved meanwhile, maybe to one that was asked for before.
        refuse(`a data file in one of ${some.length} folders, ${some[0]} among them,`)
      }
    },
  }
}

const FOLDERS_AT_ONCE = 50

/** What is no location has no files that could be opened. */
function placesOf({ location, properties }: TablePlace): readonly string[] {
  const others = FILE_PATH_PROPERTIES.flatMap((key) => (Object.hasOwn(properties, key) ? [properties[key] ?? ''] : []))
  return [location, ...others].filter(isLocation)
}
