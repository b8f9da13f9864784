import type { Catalog } from '@moraine/catalogs/catalog'
import { catalogFilter } from '@moraine/management/catalogs/catalog-filter'
import { MoraineError } from '@moraine/stdx/error'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import type { FindOpened, OpenedCatalog } from '../open-catalogs.ts'

/** A catalog as the service has it once it is open: all of its tables are shown, and no credentials are handed out. */
export function buildOpened(catalog: Catalog, parts: Partial<OpenedCatalog> = {}): OpenedCatalog {
  return {
    catalog,
    io: memoryFileIO(),
    storage: {},
    boundsFiles: true,
    filter: catalogFilter({}),
    tableDefaults: {},
    placement: { type: 'ams', warehouse: 's3://lake', allowsExternal: false },
    ...parts,
  }
}

/** Finds these catalogs by these names, and no others. */
export function findAmong(opened: Readonly<Record<string, OpenedCatalog>>): FindOpened {
  return async (name) => {
    const found = Object.hasOwn(opened, name) ? opened[name] : undefined
    if (found === undefined) throw new MoraineError('not-found', `there is no catalog ${name}`)
    return found
  }
}
