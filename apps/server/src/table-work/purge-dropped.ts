import type { DroppedPointer, DroppedPointers } from '@moraine/catalogs/internal/dropped-pointers'
import { parseTableMetadata } from '@moraine/iceberg/metadata/table-metadata-json'
import { checkAborted } from '@moraine/stdx/abort'
import type { Clock } from '@moraine/stdx/clock'
import { isKind, MoraineError } from '@moraine/stdx/error'
import type { FileIO } from '@moraine/storage/file-io'
import { linkedFolder } from '@moraine/storage/linked-folder'
import { sameLocation } from '@moraine/storage/location'
import { isLocation } from '@moraine/storage/places'
import type { PlacesOfOthers } from '../catalogs/places-of-others.ts'

/** How much time passes between two looks at what is due. */
export const PURGE_INTERVAL_MS = 60_000

/** `kept` says why no files were removed. */
export type PurgeOutcome = { readonly removedFiles: number; readonly kept?: string }

/**
 * Forgets a dropped table whose time is over, and removes the files at its location if the drop asked for it: there where the
 * catalog put it, whatever its metadata file says by now. Nothing outside its location is touched, since other tables may
 * have imported it or been imported from there; nothing at all if another table or view lies in, or around, it, or another
 * catalog uses the place. Once it has
 * begun the table cannot be had back. The table is forgotten last: a purge that is cut short goes on the next time.
 *
 * @throws {MoraineError} `permission` if a link leads from its location elsewhere, `unavailable` if nobody can tell who uses
 *   the place; the table is kept
 */
export async function purgeDropped(
  dropped: DroppedPointer,
  { io, drops, others, clock, warehouse, checkLeads }: PurgeDeps,
  signal: AbortSignal,
): Promise<PurgeOutcome> {
  const fate = dropped.purgesFiles ? await judge(dropped, { io, drops, others }, signal) : {}
  if (fate.location !== undefined) await refuseLink(fate.location, io, warehouse)
  if (!(await drops.claimPurge(dropped, clock.now()))) {
    return { removedFiles: 0, kept: 'it was had back, or is to be purged in another way by now' }
  }
  const { location, kept } = fate
  const mayRemove = () => {
    checkAborted(signal, `purging ${location}`)
    checkLeads()
  }
  const removedFiles =
    location === undefined ? 0 : await removeBelow(`${location}/`, dropped.metadataLocation, { io, mayRemove }, signal)
  checkLeads()
  await drops.forgetDropped(dropped.dropId)
  return { removedFiles, ...(kept !== undefined && { kept }) }
}

export type PurgeDeps = {
  readonly io: FileIO
  readonly drops: DroppedPointers
  readonly others: Pick<PlacesOfOthers, 'findUser'>
  readonly clock: Pick<Clock, 'now'>
  /** Throws once another server leads: that one ends the purge, and a new table may come to the same place. */
  readonly checkLeads: () => void
  /** Of the table's catalog, if it has one. */
  readonly warehouse?: string | undefined
}

/** Where files are to be removed, or why none are. */
type Fate = { readonly location?: string; readonly kept?: string }

async function judge(
  dropped: DroppedPointer,
  { io, drops, others }: Pick<PurgeDeps, 'io' | 'drops' | 'others'>,
  signal: AbortSignal,
): Promise<Fate> {
  const location = await locationOf(dropped, io, signal)
  if (location === undefined) return { kept: 'its metadata file is gone' }
  if (!isWherePut(location, dropped)) {
    return { kept: `its metadata file names the location ${location}, which is not where the catalog put it` }
  }
  if (!isOwnFolder(location)) return { kept: `its location ${location} is no folder of its own` }
  const other = await findNeighbour(location, dropped, drops)
  if (other !== undefined) {
    const name = [...other.namespace, other.name].join('.')
    return { kept: `${other.kind} ${name} of catalog ${other.catalog} lies in, or around, ${location}` }
  }
  const user = await others.findUser(dropped.catalog, location, signal)
  return user === undefined ? { location } : { kept: user }
}

/** Its file may have been written over by whoever can write to its store. */
function isWherePut(location: string, { places, metadataLocation }: DroppedPointer): boolean {
  // From before places were kept.
  const put = places?.[0] ?? /^(.*[^/])\/metadata\/[^/]*$/.exec(metadataLocation)?.[1]
  return put !== undefined && isLocation(location) && sameLocation(put, location)
}

async function refuseLink(location: string, io: FileIO, warehouse: string | undefined): Promise<void> {
  const real = await linkedFolder(io, location, warehouse)
  if (real === undefined) return
  throw new MoraineError(
    'permission',
    `${location} leads by a symbolic link to ${real}, where nothing is removed; the table stays dropped until the link is gone`,
  )
}

async function findNeighbour(location: string, { dropId }: DroppedPointer, drops: DroppedPointers) {
  const except = { dropId }
  return (await drops.findPointerUnder([location], except)) ?? (await drops.findPointerAround([location], except))
}

async function locationOf(
  { metadataLocation }: DroppedPointer,
  io: FileIO,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    return parseTableMetadata(await io.read(metadataLocation, signal), metadataLocation).location.replace(/\/+$/, '')
  } catch (error) {
    if (isKind(error, 'not-found')) return undefined
    throw error
  }
}

/** Not the root of a disk or of a bucket, nor a folder right below one. */
function isOwnFolder(location: string): boolean {
  const path = location.replace(/^[a-z0-9]+:\/\/[^/]*/i, '').replace(/^file:/, '')
  return path.split('/').filter((part) => part !== '').length >= 2 && !path.split('/').includes('..')
}

const BATCH = 1000

/**
 * The metadata file goes last: without it nobody could tell any more what is to go. What was listed is removed only if this
 * server led until after it was listed: it is not of a table that came later.
 */
async function removeBelow(
  prefix: string,
  metadataLocation: string,
  { io, mayRemove }: { readonly io: FileIO; readonly mayRemove: () => void },
  signal: AbortSignal,
): Promise<number> {
  const last = nameOf(metadataLocation)
  let removed = 0
  const remove = async (locations: readonly string[]) => {
    mayRemove()
    await io.remove(locations, signal)
    removed += locations.length
  }
  let batch: string[] = []
  const metadata: string[] = []
  for await (const { location } of io.list(prefix, signal)) {
    if (nameOf(location) === last) {
      metadata.push(location)
      continue
    }
    batch.push(location)
    if (batch.length < BATCH) continue
    await remove(batch)
    batch = []
  }
  await remove(batch)
  await remove(metadata)
  return removed
}

function nameOf(location: string): string {
  return location.slice(location.lastIndexOf('/') + 1)
}
