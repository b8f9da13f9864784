import { MoraineError } from '@moraine/stdx/error'
import type { FileIO } from '@moraine/storage/file-io'
import type { CatalogNamespaces } from '../catalog.ts'
import { namespaceExists, namespaceNotEmpty, noSuchNamespace } from '../catalog-error.ts'
import { pageOfNames } from '../page.ts'
import { checkNamespace, type Namespace } from '../table-identifier.ts'
import { findCurrentVersion } from './find-version.ts'
import { checkCreatesOnly } from './hadoop-store.ts'
import { listWarehouse, NAMESPACE_MARKER, type WarehouseListing } from './warehouse-listing.ts'
import { namespaceLocation } from './warehouse-path.ts'

/** The namespaces of a warehouse. One exists if it was created here, or as long as there is a table somewhere below it. */
export function filesystemNamespaces({ io }: { readonly io: FileIO }, warehouse: string): CatalogNamespaces {
  return {
    async listNamespaces(parent, page, signal) {
      const listing = await listWarehouse(io, namespaceLocation(warehouse, parent), signal)
      if (parent.length > 0 && !isNamespace(listing)) throw noSuchNamespace(parent)
      const { items, ...rest } = pageOfNames(listing.namespaces, page)
      return { items: items.map((name) => [...parent, name]), ...rest }
    },

    async createNamespace(namespace, properties = {}, signal) {
      checkNamespace(namespace)
      if (Object.keys(properties).length > 0) throw noProperties(namespace)
      const folder = namespaceLocation(warehouse, namespace)
      checkCreatesOnly(io, folder)
      await refuseInsideTable(io, warehouse, namespace, signal)
      if (isNamespace(await listWarehouse(io, folder, signal))) throw namespaceExists(namespace)
      await io.write(`${folder}/${NAMESPACE_MARKER}`, new TextEncoder().encode(MARKER_TEXT), {}, signal)
    },

    async dropNamespace(namespace, signal) {
      checkNamespace(namespace)
      const folder = namespaceLocation(warehouse, namespace)
      const listing = await listWarehouse(io, folder, signal)
      if (!isNamespace(listing)) throw noSuchNamespace(namespace)
      const [table] = listing.tables
      if (table !== undefined) throw namespaceNotEmpty(namespace, `table ${table}`)
      const [child] = listing.namespaces
      if (child !== undefined) throw namespaceNotEmpty(namespace, `namespace ${child}`)
      await io.remove([`${folder}/${NAMESPACE_MARKER}`], signal)
    },

    async loadNamespace(namespace, signal) {
      checkNamespace(namespace)
      const location = namespaceLocation(warehouse, namespace)
      if (!isNamespace(await listWarehouse(io, location, signal))) throw noSuchNamespace(namespace)
      return { location }
    },

    updateNamespace(namespace) {
      return Promise.reject(noProperties(namespace))
    },
  }
}

/** A namespace or table inside the folder of a table would be taken for that table's orphans. */
export async function refuseInsideTable(
  io: FileIO,
  warehouse: string,
  namespace: Namespace,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (let depth = 1; depth <= namespace.length; depth += 1) {
    const folder = namespaceLocation(warehouse, namespace.slice(0, depth))
    if ((await findCurrentVersion(io, folder, signal)) !== undefined) {
      throw new MoraineError('already-exists', `${folder} is a table, so it cannot be a namespace`)
    }
  }
}

export function isNamespace({ declared, tables, namespaces }: WarehouseListing): boolean {
  return declared || tables.length > 0 || namespaces.length > 0
}

function noProperties(namespace: Namespace): MoraineError {
  return new MoraineError(
    'unsupported',
    `namespace ${namespace.join('.')} of a filesystem catalog cannot have properties: it is a folder`,
  )
}

const MARKER_TEXT = 'This folder is a namespace of an Iceberg catalog.\n'
