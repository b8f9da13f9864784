import type { Catalog } from '@moraine/catalogs/catalog'
import type { DroppedPointers } from '@moraine/catalogs/internal/dropped-pointers'
import { formatIdentifier } from '@moraine/catalogs/table-identifier'
import { MoraineError } from '@moraine/stdx/error'
import type { PlacesOfOthers } from './places-of-others.ts'

export type GuardedPurgeDeps = {
  readonly drops: Pick<DroppedPointers, 'findPointerUnder' | 'findPointerAround'>
  readonly others: Pick<PlacesOfOthers, 'findUser'>
}

/**
 * The same catalog, which somebody else keeps. What removes the files of a table at once is asked to do so only where no other
 * catalog of the service uses their place; else the table stays, `conflict`.
 */
export function guardedPurge(catalog: Catalog, { drops, others }: GuardedPurgeDeps): Catalog {
  const { purgeTable } = catalog
  if (purgeTable === undefined) return catalog
  return {
    ...catalog,
    async purgeTable(identifier, signal) {
      const { location } = (await catalog.loadTable(identifier, signal)).metadata
      const own = (await drops.findPointerUnder([location])) ?? (await drops.findPointerAround([location]))
      const user =
        own === undefined
          ? await others.findUser(catalog.name, location, signal)
          : `${own.kind} ${formatIdentifier(own)} of catalog ${own.catalog} lies in, or around, ${location}`
      if (user !== undefined) {
        throw new MoraineError(
          'conflict',
          `table ${formatIdentifier(identifier)} was not dropped, since a purge would remove files of others: ${user}; drop it without asking for a purge`,
        )
      }
      await purgeTable(identifier, signal)
    },
  }
}
