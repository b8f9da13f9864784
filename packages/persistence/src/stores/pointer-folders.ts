import { createHash } from 'node:crypto'
import type { InternalPointer } from '@moraine/catalogs/internal/table-pointers'
import { folderOf, isLocation, placeOf } from '@moraine/storage/places'
import type { Kysely } from 'kysely'
import { fromJson } from '../rows/json-column.ts'
import type { Database } from '../schema.ts'

/** Where a table or view lies. Without places it is from before they were kept. */
export type Lying = Pick<InternalPointer, 'metadataLocation' | 'places'>

/**
 * Where tables and views lie: a row for each of their places, and for each folder around one or around their metadata
 * files, by the hash of what `places` calls it by all names of its store. What lies below a folder, and in whose place a folder lies, is so found by
 * point queries, in every engine and whatever its collation makes of names. `owner` is the hash of a table's name, or the
 * id of a drop.
 */
export async function addFolders(db: Kysely<Database>, owner: string, lying: Lying): Promise<void> {
  const rows = [...foldersOf(lying)].map(([folder_hash, is_place]) => ({ owner, folder_hash, is_place }))
  for (let at = 0; at < rows.length; at += ROWS_MAX) {
    await db
      .insertInto('pointer_folder')
      .values(rows.slice(at, at + ROWS_MAX))
      .execute()
  }
}

export async function removeFolders(db: Kysely<Database>, owner: string): Promise<void> {
  await db.deleteFrom('pointer_folder').where('owner', '=', owner).execute()
}

export async function giveFolders(db: Kysely<Database>, from: string, to: string): Promise<void> {
  await db.updateTable('pointer_folder').set({ owner: to }).where('owner', '=', from).execute()
}

/**
 * What was dropped under a name and can be had back: whatever is new under that name may take its place. What is being purged
 * keeps it to the end.
 */
export async function dropsUnderName(
  db: Kysely<Database>,
  { catalog, namespace, name }: Pick<InternalPointer, 'catalog' | 'namespace' | 'name'>,
): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('dropped_table')
    .select('drop_id')
    .where('catalog_name', '=', catalog)
    .where('namespace', '=', JSON.stringify(namespace))
    .where('name', '=', name)
    .where('is_purging', '=', 0)
    .execute()
  return rows.map(({ drop_id }) => drop_id)
}

/** Has transactions that look for who is in a folder, and then move in, wait for one another until their ends. */
export async function lockFolders(db: Kysely<Database>): Promise<void> {
  await db.updateTable('id_sequence').set({ last_value: 1 }).where('name', '=', FOLDERS_LOCK).execute()
}

/** The row of `id_sequence` that is locked; it counts nothing. */
export const FOLDERS_LOCK = 'pointer folders'

/** A table or view, dropped or not, that has a place or its metadata file at or below one of the folders. */
export function findUnder(
  db: Kysely<Database>,
  folders: readonly string[],
  exceptOwners: readonly string[],
): Promise<InternalPointer | undefined> {
  return findOwner(
    db,
    folders.flatMap((folder) => folderHashes(folder).slice(-1)),
    [0, 1],
    exceptOwners,
  )
}

/** A table or view, dropped or not, at or below a place of which one of the folders is. */
export function findAround(
  db: Kysely<Database>,
  folders: readonly string[],
  exceptOwners: readonly string[],
): Promise<InternalPointer | undefined> {
  return findOwner(db, [...new Set(folders.flatMap(folderHashes))], [1], exceptOwners)
}

async function findOwner(
  db: Kysely<Database>,
  hashes: readonly string[],
  isPlace: readonly number[],
  exceptOwners: readonly string[],
): Promise<InternalPointer | undefined> {
  for (let at = 0; at < hashes.length; at += ROWS_MAX) {
    let query = db
      .selectFrom('pointer_folder')
      .select('owner')
      .where('folder_hash', 'in', hashes.slice(at, at + ROWS_MAX))
      .where('is_place', 'in', isPlace)
      .limit(OWNERS_MAX)
    if (exceptOwners.length > 0) query = query.where('owner', 'not in', exceptOwners)
    const owners = (await query.execute()).map(({ owner }) => owner)
    if (owners.length > 0) return firstOf(db, owners)
  }
  return undefined
}

/** At one place there is one that has a name, and besides what was dropped there before it. */
const OWNERS_MAX = 100

/** One that has a name rather than one that was dropped. */
async function firstOf(db: Kysely<Database>, owners: readonly string[]): Promise<InternalPointer | undefined> {
  const columns = ['catalog_name', 'kind', 'namespace', 'name', 'metadata_location'] as const
  const row =
    (await db.selectFrom('catalog_table').select(columns).where('table_hash', 'in', owners).executeTakeFirst()) ??
    (await db.selectFrom('dropped_table').select(columns).where('drop_id', 'in', owners).executeTakeFirst())
  return (
    row && {
      kind: row.kind,
      catalog: row.catalog_name,
      namespace: fromJson<string[]>(row.namespace),
      name: row.name,
      metadataLocation: row.metadata_location,
    }
  )
}

/** The hash of each folder, and whether it is a place. */
function foldersOf({ metadataLocation, places = usualPlaces(metadataLocation) }: Lying): ReadonlyMap<string, 0 | 1> {
  const folders = new Map<string, 0 | 1>()
  for (const hash of folderHashes(folderOf(metadataLocation))) folders.set(hash, 0)
  const own = places.map(folderHashes)
  for (const hash of own.flat()) folders.set(hash, 0)
  for (const hashes of own) for (const hash of hashes.slice(-1)) folders.set(hash, 1)
  return folders
}

/** Where metadata files are named as is usual the folder beside which they lie is that of their table. */
function usualPlaces(metadataLocation: string): readonly string[] {
  const segments = segmentsOf(folderOf(metadataLocation))
  const isOwn = segments.at(-1) === 'metadata' && segments.length > (segments[0] === '' ? 2 : 4)
  return isOwn ? [segments.slice(0, -1).join('/')] : []
}

/** Of each folder around the location, and of itself: one hash goes on where the one before ended. */
function folderHashes(location: string): readonly string[] {
  const hash = createHash('sha256')
  return segmentsOf(location).map((segment) => hash.update(`${segment}/`).copy().digest('hex'))
}

function segmentsOf(location: string): readonly string[] {
  if (location === '') return []
  if (isLocation(location)) return placeOf(location).split('/')
  // Of times when nobody looked at locations.
  const segments = location.split('/')
  return segments.at(-1) === '' && segments.length > 1 ? segments.slice(0, -1) : segments
}

const ROWS_MAX = 100
