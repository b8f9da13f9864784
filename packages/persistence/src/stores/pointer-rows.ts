import type { InternalPointer } from '@moraine/catalogs/internal/table-pointers'
import type { Namespace } from '@moraine/catalogs/table-identifier'
import type { Kysely } from 'kysely'
import { nameHash } from '../name-hash.ts'
import { toJson } from '../rows/json-column.ts'
import type { Database } from '../schema.ts'

/** What a table or view is called. */
export type PointerName = Pick<InternalPointer, 'catalog' | 'namespace' | 'name'>

/** The key of a table or view that has a name, and the owner of its folders. */
export function pointerHash({ catalog, namespace, name }: PointerName): string {
  return nameHash(catalog, namespace, name)
}

export async function hasNamespace(db: Kysely<Database>, catalog: string, namespace: Namespace): Promise<boolean> {
  const row = await db
    .selectFrom('catalog_namespace')
    .select('namespace_hash')
    .where('namespace_hash', '=', nameHash(catalog, namespace))
    .executeTakeFirst()
  return row !== undefined
}

/** Whether a table or view has the name. */
export async function hasPointer(db: Kysely<Database>, named: PointerName): Promise<boolean> {
  const row = await db
    .selectFrom('catalog_table')
    .select('table_hash')
    .where('table_hash', '=', pointerHash(named))
    .executeTakeFirst()
  return row !== undefined
}

/** The columns by which a row of `catalog_table` says what it is called. */
export function nameColumns({ catalog, namespace, name }: PointerName) {
  return {
    catalog_name: catalog,
    table_hash: nameHash(catalog, namespace, name),
    namespace_hash: nameHash(catalog, namespace),
    namespace: JSON.stringify(namespace),
    name,
  }
}

/** A row of `catalog_table`. */
export function pointerRow(pointer: InternalPointer) {
  return {
    ...nameColumns(pointer),
    kind: pointer.kind,
    metadata_location: pointer.metadataLocation,
    places: toJson(pointer.places),
  }
}
