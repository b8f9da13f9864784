import type { DroppedPointer, DroppedPointers } from '@moraine/catalogs/internal/dropped-pointers'
import { parseTableMetadata } from '@moraine/iceberg/metadata/table-metadata-json'
import { checkAborted } from '@moraine/stdx/abort'
import { isKind } from '@moraine/stdx/error'
import type { FileIO } from '@moraine/storage/file-io'
import { locationSpellings } from '@moraine/storage/location'

/** `kept` says why no files were removed. */
export type PurgeOutcome = { readonly removedFiles: number; readonly kept?: string }

/**
 * Forgets a dropped table whose time is over, and removes the files at its location if the drop asked for it. Nothing
 * outside its location is touched, since other tables may have imported it or been imported from there; nothing at all if
 * another table or view has its metadata below the location. The table is forgotten last: a purge that is cut short goes
 * on the next time.
 */
export async function purgeDropped(
  dropped: DroppedPointer,
  { io, drops }: { readonly io: FileIO; readonly drops: DroppedPointers },
  signal: AbortSignal,
): Promise<PurgeOutcome> {
  const outcome = dropped.purgesFiles ? await removeFiles(dropped, io, drops, signal) : { removedFiles: 0 }
  await drops.forgetDropped(dropped.dropId)
  return outcome
}

async function removeFiles(
  dropped: DroppedPointer,
  io: FileIO,
  drops: DroppedPointers,
  signal: AbortSignal,
): Promise<PurgeOutcome> {
  const location = await locationOf(dropped, io, signal)
  if (location === undefined) return { removedFiles: 0, kept: 'its metadata file is gone' }
  if (!isOwnFolder(location)) return { removedFiles: 0, kept: `its location ${location} is no folder of its own` }
  const other = await drops.findPointerUnder(locationSpellings(`${location}/`), dropped.dropId)
  if (other !== undefined) {
    const name = [...other.namespace, other.name].join('.')
    return { removedFiles: 0, kept: `${other.kind} ${name} of catalog ${other.catalog} lies in ${location}` }
  }
  return { removedFiles: await removeBelow(`${location}/`, dropped.metadataLocation, io, signal) }
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

/** The metadata file goes last: without it nobody could tell any more what is to go. */
async function removeBelow(prefix: string, metadataLocation: string, io: FileIO, signal: AbortSignal): Promise<number> {
  const last = nameOf(metadataLocation)
  let removed = 0
  let batch: string[] = []
  const metadata: string[] = []
  for await (const { location } of io.list(prefix, signal)) {
    if (nameOf(location) === last) {
      metadata.push(location)
      continue
    }
    batch.push(location)
    if (batch.length < BATCH) continue
    checkAborted(signal, `purging ${prefix}`)
    await io.remove(batch, signal)
    removed += batch.length
    batch = []
  }
  for (const rest of [batch, metadata]) await io.remove(rest, signal)
  return removed + batch.length + metadata.length
}

function nameOf(location: string): string {
  return location.slice(location.lastIndexOf('/') + 1)
}
