import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { FILE_PATH_PROPERTIES } from '@moraine/iceberg/metadata/table-properties'
import type { TableUpdate } from '@moraine/iceberg/metadata/table-update'
import { unreachable } from '@moraine/stdx/assert'
import { MoraineError } from '@moraine/stdx/error'
import { canonicalLocation } from '@moraine/storage/location'

/** Where a table keeps its files, by what its metadata says. */
export type TablePlace = Pick<TableMetadata, 'location' | 'properties'>

/**
 * Whether a file lies where the table keeps its files: below its location, or one of the folders that its properties name
 * for them. However the two are spelled; what is no location lies nowhere.
 */
export function ownFiles(table: TablePlace): (file: string) => boolean {
  const places = placesOf(table).filter((place) => canonicalOf(place) !== undefined)
  const spelled = places.map((place) => `${place.replace(/\/+$/, '')}/`)
  const folders = places.map((place) => `${(canonicalOf(place) ?? '').replace(/\/$/, '')}/`)
  return (file) => {
    if (folders.length === 0) return false
    // Of a million files nearly all are spelled as their folder is.
    if (spelled.some((folder) => file.startsWith(folder)) && !PLACED_ANEW.test(file)) return true
    const canonical = canonicalOf(file)
    return canonical !== undefined && folders.some((folder) => canonical.startsWith(folder))
  }
}

/** Equal for tables that keep their files in the same places, as they are spelled. */
export function placeText(table: TablePlace): string {
  return JSON.stringify(placesOf(table))
}

function placesOf({ location, properties }: TablePlace): readonly string[] {
  const others = FILE_PATH_PROPERTIES.flatMap((key) => (Object.hasOwn(properties, key) ? [properties[key] ?? ''] : []))
  return [location, ...others]
}

/** What may lead elsewhere, or is no location. */
const PLACED_ANEW = /\/\.|\0/

/**
 * Refuses updates that have the table name files of metadata outside of its places: whoever reads the table with other keys
 * than its writers', or removes what it no longer needs, would reach into what is not theirs.
 *
 * Data files are no part of this: imported ones lie elsewhere by right, and which they are is in the manifests.
 *
 * @param base of a table that is there
 * @throws {MoraineError} `invalid-input` naming the file
 */
export function checkNamedFiles(base: TablePlace | undefined, updates: readonly TableUpdate[]): void {
  const named = updates.flatMap(filesOf)
  if (named.length === 0) return
  const place = placeAfter(base, updates)
  const isOwn = ownFiles(place)
  const foreign = named.find(({ file }) => !isOwn(file))
  if (foreign === undefined) return
  throw new MoraineError(
    'invalid-input',
    `${foreign.field}: ${JSON.stringify(foreign.file)} is outside of the table's location ${place.location} and the folders that its properties name; catalogs with allow.external.table.location allow it`,
  )
}

type NamedFile = { readonly field: string; readonly file: string }

function filesOf(update: TableUpdate): readonly NamedFile[] {
  if (update.action === 'set-statistics') {
    return [{ field: 'statistics-path', file: update.statistics.statisticsPath }]
  }
  if (update.action === 'set-partition-statistics') {
    return [{ field: 'statistics-path', file: update.partitionStatistics.statisticsPath }]
  }
  if (update.action !== 'add-snapshot') return []
  const { manifests } = update.snapshot
  switch (manifests.kind) {
    case 'list':
      return [{ field: 'manifest-list', file: manifests.location }]
    case 'inline':
      return manifests.locations.map((file) => ({ field: 'manifests', file }))
    default:
      return unreachable(manifests)
  }
}

/** Where the table is when all updates are made: a place that another update takes back is none. */
function placeAfter(base: TablePlace | undefined, updates: readonly TableUpdate[]): TablePlace {
  let location = base?.location ?? ''
  const properties = new Map(Object.entries(base?.properties ?? {}))
  for (const update of updates) {
    if (update.action === 'set-location') location = update.location
    if (update.action === 'set-properties') for (const entry of Object.entries(update.updates)) properties.set(...entry)
    if (update.action === 'remove-properties') for (const key of update.removals) properties.delete(key)
  }
  return { location, properties: Object.fromEntries(properties) }
}

function canonicalOf(location: string): string | undefined {
  try {
    return canonicalLocation(location)
  } catch (error) {
    if (error instanceof MoraineError) return undefined
    throw error
  }
}
