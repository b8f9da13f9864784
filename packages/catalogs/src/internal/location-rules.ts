import { FILE_PATH_PROPERTIES } from '@moraine/iceberg/metadata/table-properties'
import { MoraineError } from '@moraine/stdx/error'
import { canonicalLocation } from '@moraine/storage/location'
import { folderOf, isBelow, isLocation, liesIn, mayLieIn, maySharePlace } from '@moraine/storage/places'
import type { Properties } from '../properties.ts'
import type { TableIdentifier } from '../table-identifier.ts'
import type { Except } from './dropped-pointers.ts'
import type { OtherCatalogs } from './other-catalogs.ts'
import type { InternalPointer } from './table-pointers.ts'

/** Where the tables, views and namespaces of a catalog may be put by those who create and change them. */
export type LocationRules = {
  /** Without a trailing slash. */
  readonly warehouse: string
  /** Places outside of the warehouse, too. */
  readonly allowsExternal: boolean
  /** Where other tables and views lie, of any catalog; absent where nobody knows. */
  readonly neighbours?: {
    /** One that has a place or its metadata in, or at, one of the folders. */
    under(folders: readonly string[], except?: Except): Promise<Neighbour | undefined>
    /** One in, or at, whose places one of the folders is. */
    around(folders: readonly string[], except?: Except): Promise<Neighbour | undefined>
  }
  /** Which catalogs that others keep use the same stores; absent where nobody knows. */
  readonly others?: OtherCatalogs
  /** Whether no table can be seen to lie in or around a folder of the warehouse; absent where nobody can look. */
  readonly isVacant?: (folder: string) => Promise<boolean>
}

/** Where a table or view comes to lie, `places` and `apart` as pointers and their changes have them. */
export type Whereabouts = { readonly places?: readonly string[]; readonly apart: readonly string[] }

/** `isDropped`: and can be had back; its place is its own until then. */
export type Neighbour = InternalPointer & { readonly isDropped?: boolean }

/** Of a table or view. */
type Placed = { readonly location: string; readonly properties: Properties }

export type Move = {
  readonly catalog: string
  readonly identifier: TableIdentifier
  /** Absent for what is new. What stays as it was is not judged. */
  readonly before?: Placed
  readonly after: Placed
  /** The metadata file of one that was made elsewhere and comes with its files. */
  readonly registered?: string
}

/** The catalog's property that lifts the bounds of the warehouse. */
export const EXTERNAL_LOCATIONS = 'allow.external.table.location'

/**
 * Refuses places at which a table would write into what is not its own: outside of the warehouse, and in, at or around
 * the location of another table or view, whose maintenance would take its files for orphans, and whose files a purge of
 * it would remove. Likewise what other catalogs use. In a warehouse that two catalogs share a table may be made where no
 * metadata of another is.
 *
 * @returns where it is then; whoever makes the move has to look once more while making it, since others come at the same time
 * @throws {MoraineError} `invalid-input` naming the field and the place
 */
export async function checkMove(rules: LocationRules | undefined, move: Move): Promise<Whereabouts> {
  if (rules === undefined) return { apart: [] }
  const { before, after } = move
  const apart: string[] = []
  const isMoved = before === undefined || before.location !== after.location
  if (isMoved) {
    checkPlace(rules, 'location', after.location)
    if (maySharePlace(after.location, rules.warehouse)) refuse('location', after.location, 'is the warehouse itself')
    // Its own files would hide those of others there.
    if (before !== undefined && isAround(after.location, before.location)) {
      refuse('location', after.location, `is around that of the table, ${before.location}`)
    }
    apart.push(...(await checkApart(rules, move, 'location', after.location)))
    await checkOthers(rules, move, 'location', after.location)
  }
  if (move.registered !== undefined && !liesIn(move.registered, after.location)) {
    await checkOthers(rules, move, 'metadata-location', folderOf(move.registered))
  }
  for (const key of FILE_PATH_PROPERTIES) {
    const path = own(after.properties, key)
    if (path === undefined || path === '' || (!isMoved && path === own(before.properties, key))) continue
    checkPlace(rules, key, path)
    if (liesIn(path, after.location)) continue
    // Its own files would hide those of others there.
    if (maySharePlace(path, rules.warehouse) || isAround(path, after.location)) {
      refuse(key, path, `is around the table's location ${after.location}`)
    }
    if (key === 'write.metadata.path' && !rules.allowsExternal) {
      refuse(
        key,
        path,
        `is not in the table's location ${after.location}; catalogs with ${EXTERNAL_LOCATIONS} allow it`,
      )
    }
    apart.push(...(await checkApart(rules, move, key, path)))
    await checkOthers(rules, move, key, path)
  }
  return { places: placesOf(after), apart }
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
  const root = withoutSlash(warehouse)
  const isInside = isBelow(canonical, root)
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
  const around = await rules.neighbours?.around([location])
  if (around === undefined) return
  const remedy = remedyFor(around, 'choose a folder that lies in none')
  refuse('location', location, `lies in that of another ${around.kind}${remedy}`)
}

// Iceberg's S3 client cut names at ? and #, others decode %2e%2e; empty segments are dropped by some.
const ODD = /[?#\\]|%(?:2e|2f|5c|00|25)|\p{Cc}/iu

async function checkApart(
  rules: LocationRules,
  { catalog, identifier }: Move,
  field: string,
  location: string,
): Promise<readonly string[]> {
  if (rules.neighbours === undefined) return []
  const { under, around } = rules.neighbours
  const self = { named: { catalog, ...identifier } }
  const found = (await under([location], self)) ?? (await around([location], self))
  if (found !== undefined) refuseOverlap(field, location, found)
  return [withoutSlash(location)]
}

/** Refuses what a catalog that somebody else keeps has, or may have. */
async function checkOthers(rules: LocationRules, move: Move, field: string, location: string): Promise<void> {
  const { others, warehouse, isVacant } = rules
  if (others === undefined) return
  const found = await others.findWarehouse(move.catalog, location)
  const isNew = move.before === undefined && move.registered === undefined && liesIn(location, warehouse)
  const isFresh = isNew && (await isVacant?.(location)) === true
  if (found !== undefined && !(found.isAround && isFresh)) refuseOthers(field, location, 'the warehouse')
  // What lies empty is nobody's, unless others put their tables here as well.
  if (isFresh && found === undefined) return
  if ((await others.findTable(move.catalog, location)) !== undefined) refuseOthers(field, location, 'a table')
}

function refuseOthers(field: string, location: string, what: string): never {
  // Which one is not for everybody to know.
  const remedy =
    'choose a place of its own, or have that catalog removed here first if what lies there is to be taken over from it'
  refuse(field, location, `is in, or around, ${what} of another catalog that is registered here: ${remedy}`)
}

/** For a place that somebody else has, or took between {@link checkMove} and the move. */
export function refuseOverlap(field: string, location: string, found?: Pick<Neighbour, 'kind' | 'isDropped'>): never {
  const kind = found?.kind ?? 'table or view'
  // A metadata file that is registered a second time is in the way of itself.
  const remedy = remedyFor(
    found,
    `choose a place of its own, or rename that ${kind} if it is this very one under another name`,
  )
  // Which one is not for everybody to know.
  refuse(field, location, `is in, or around, that of another ${kind}${remedy}`)
}

/** @param ofLiving what to do where the other is in use */
function remedyFor(found: Pick<Neighbour, 'isDropped'> | undefined, ofLiving: string): string {
  return found?.isDropped === true
    ? ', which was dropped and can be had back: undrop it, under another name if need be, or wait until it is forgotten'
    : `: ${ofLiving}`
}

/** Its location, and what its properties name outside of it. What was put there before anybody judged is as it is spelled. */
function placesOf({ location, properties }: Placed): readonly string[] {
  const places = [known(location)]
  for (const key of FILE_PATH_PROPERTIES) {
    const named = own(properties, key)
    if (named === undefined || named === '') continue
    const path = known(named)
    if (!places.some((place) => isBelow(path, place))) places.push(path)
  }
  return places
}

function known(text: string): string {
  return isLocation(text) ? withoutSlash(text) : text
}

function isAround(folder: string, location: string): boolean {
  return mayLieIn(location, folder) && !maySharePlace(location, folder)
}

/** The canonical location without the slash at its end that a whole bucket has. */
function withoutSlash(location: string): string {
  return canonicalLocation(location).replace(/\/$/, '')
}

function canonicalOf(field: string, location: string): string {
  if (Buffer.byteLength(location) > LOCATION_BYTES_MAX) {
    refuse(
      field,
      `${location.slice(0, 100)}...`,
      `is longer than the ${LOCATION_BYTES_MAX} bytes that stores have names for`,
    )
  }
  // As an object's key, a//b is another place than a/b.
  if (/[^:/]\/\//.test(location)) refuse(field, location, 'has an empty segment')
  try {
    return withoutSlash(location)
  } catch (cause) {
    throw new MoraineError('invalid-input', `${field}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    })
  }
}

/** Of keys in S3, GCS and Azure's stores. */
const LOCATION_BYTES_MAX = 1024

function own(properties: Properties, key: string): string | undefined {
  return Object.hasOwn(properties, key) ? properties[key] : undefined
}

function refuse(field: string, location: string, why: string): never {
  throw new MoraineError('invalid-input', `${field}: ${JSON.stringify(location)} ${why}`)
}
