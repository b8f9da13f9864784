import { FILE_PATH_PROPERTIES } from '@moraine/iceberg/metadata/table-properties'
import { MoraineError } from '@moraine/stdx/error'
import { canonicalLocation as canonicalText, locationSpellings } from '@moraine/storage/location'
import type { TableIdentifier } from '../table-identifier.ts'
import type { InternalPointer, Properties } from './table-pointers.ts'

/** Where the tables, views and namespaces of a catalog may be put by those who create and change them. */
export type LocationRules = {
  /** Without a trailing slash. */
  readonly warehouse: string
  /** Places outside of the warehouse, too. */
  readonly allowsExternal: boolean
  /** Finds a table or view, of any catalog, whose metadata file's location starts with one of these. */
  readonly findPointerUnder?: (prefixes: readonly string[]) => Promise<InternalPointer | undefined>
}

/** Of a table or view. */
type Placed = { readonly location: string; readonly properties: Properties }

export type Move = {
  readonly catalog: string
  readonly identifier: TableIdentifier
  /** Absent for what is new. What stays as it was is not judged. */
  readonly before?: Placed
  readonly after: Placed
}

/** The catalog's property that lifts the bounds of the warehouse. */
export const EXTERNAL_LOCATIONS = 'allow.external.table.location'

/**
 * Refuses places at which a table would write into what is not its own: outside of the warehouse, and in, at or around
 * the location of another table or view, whose maintenance would take its files for orphans, and whose files a purge of
 * it would remove.
 *
 * Where others lie is told by where their metadata files are. A table that keeps them in a folder of another name than
 * `metadata` is found by who would lie around it, not by who would lie in it.
 *
 * @throws {MoraineError} `invalid-input` naming the field and the place
 */
export async function checkMove(rules: LocationRules | undefined, move: Move): Promise<void> {
  if (rules === undefined) return
  const { before, after } = move
  const isMoved = before === undefined || before.location !== after.location
  if (isMoved) {
    checkPlace(rules, 'location', after.location)
    if (samePlace(after.location, rules.warehouse)) refuse('location', after.location, 'is the warehouse itself')
    // Its own files would hide those of others there.
    if (before !== undefined && isAround(after.location, before.location)) {
      refuse('location', after.location, `is around that of the table, ${before.location}`)
    }
    await checkApart(rules, move, 'location', after.location)
  }
  for (const key of FILE_PATH_PROPERTIES) {
    const path = own(after.properties, key)
    if (path === undefined || path === '' || (!isMoved && path === own(before.properties, key))) continue
    checkPlace(rules, key, path)
    if (liesIn(path, after.location)) continue
    // Its own files would hide those of others there.
    if (samePlace(path, rules.warehouse) || isAround(path, after.location)) {
      refuse(key, path, `is around the table's location ${after.location}`)
    }
    if (key === 'write.metadata.path' && !rules.allowsExternal) {
      refuse(
        key,
        path,
        `is not in the table's location ${after.location}; catalogs with ${EXTERNAL_LOCATIONS} allow it`,
      )
    }
    await checkApart(rules, move, key, path)
  }
}

/**
 * Refuses a location outside of the warehouse, and one that engines read differently.
 *
 * @param field what it is the value of, for the message
 */
export function checkPlace(rules: LocationRules | undefined, field: string, location: string): void {
  if (rules === undefined) return
  const { warehouse, allowsExternal } = rules
  const canonical = canonicalOf(field, location)
  const root = canonicalLocation(warehouse)
  const isInside = canonical === root || canonical.startsWith(`${root}/`)
  if (!isInside && !allowsExternal) {
    refuse(field, location, `is outside of the warehouse ${warehouse}; catalogs with ${EXTERNAL_LOCATIONS} allow it`)
  }
  const spelled = isInside ? canonical.slice(root.length) : canonical
  const odd = ODD.exec(spelled)
  if (odd !== null) refuse(field, location, `has ${JSON.stringify(odd[0])}, which engines read differently`)
}

/** Refuses a folder for tables that lies in a table. */
export async function checkFolder(rules: LocationRules | undefined, location: string | undefined): Promise<void> {
  if (rules === undefined || location === undefined) return
  checkPlace(rules, 'location', location)
  const around = await rules.findPointerUnder?.(metadataAround(rules, location))
  if (around !== undefined) refuse('location', location, `lies in that of another ${around.kind}`)
}

// Iceberg's S3 client cut names at ? and #, others decode %2e%2e; empty segments are dropped by some.
const ODD = /[?#\\]|%(?:2e|2f|5c|00|25)|\p{Cc}/iu

async function checkApart(rules: LocationRules, move: Move, field: string, location: string): Promise<void> {
  if (rules.findPointerUnder === undefined) return
  const place = location.replace(/\/+$/, '')
  for (const prefixes of [locationSpellings(`${place}/`), metadataAround(rules, place)]) {
    const found = await rules.findPointerUnder(prefixes)
    if (found === undefined || isOf(found, move)) continue
    // Which one is not for everybody to know.
    refuse(field, location, `is in, or around, that of another ${found.kind}`)
  }
}

function isOf(pointer: InternalPointer, { catalog, identifier: { namespace, name } }: Move): boolean {
  return (
    pointer.catalog === catalog &&
    pointer.name === name &&
    JSON.stringify(pointer.namespace) === JSON.stringify(namespace)
  )
}

/** Where tables have their metadata in whose locations this one lies. */
function metadataAround({ warehouse }: LocationRules, location: string): readonly string[] {
  const segments = location.replace(/\/+$/, '').split('/')
  const folders = segments.map((_, at) => segments.slice(0, at + 1).join('/'))
  const isFolder = (folder: string) => !/^([a-z0-9+.-]+:)?\/*$/i.test(folder) && !isAround(folder, warehouse)
  return folders.filter(isFolder).flatMap((folder) => locationSpellings(`${folder}/metadata/`))
}

function isAround(folder: string, location: string): boolean {
  return liesIn(location, folder) && !samePlace(location, folder)
}

/** Without a trailing slash, which a whole bucket has. */
function canonicalLocation(location: string): string {
  return canonicalText(location).replace(/\/$/, '')
}

function liesIn(location: string, folder: string): boolean {
  return `${canonicalLocation(location)}/`.startsWith(`${canonicalLocation(folder)}/`)
}

function samePlace(location: string, other: string): boolean {
  return canonicalLocation(location) === canonicalLocation(other)
}

function canonicalOf(field: string, location: string): string {
  // As an object's key, a//b is another place than a/b.
  if (/[^:/]\/\//.test(location)) refuse(field, location, 'has an empty segment')
  try {
    return canonicalLocation(location)
  } catch (cause) {
    throw new MoraineError('invalid-input', `${field}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    })
  }
}

function own(properties: Properties, key: string): string | undefined {
  return Object.hasOwn(properties, key) ? properties[key] : undefined
}

function refuse(field: string, location: string, why: string): never {
  throw new MoraineError('invalid-input', `${field}: ${JSON.stringify(location)} ${why}`)
}
