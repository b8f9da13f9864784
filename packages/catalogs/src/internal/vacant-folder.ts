import type { FileIO } from '@moraine/storage/file-io'
import { canonicalLocation, sameLocation } from '@moraine/storage/location'

/**
 * Whether no table can be seen to lie in a folder of the warehouse, or around it: no metadata file is below the folder, nor
 * where a table that has the folder within it would keep its own. It lists what is in the folder.
 */
export async function isVacant(io: FileIO, warehouse: string, folder: string): Promise<boolean> {
  const own = folder.replace(/\/+$/, '')
  if (await hasMetadata(io, `${own}/`)) return false
  const root = `${canonicalLocation(warehouse).replace(/\/$/, '')}/`
  for (let around = parentOf(own); canonicalLocation(around).startsWith(root); around = parentOf(around)) {
    if (await hasMetadata(io, `${around}/metadata/`, 'direct')) return false
  }
  return true
}

/** @param only whether those in folders below are passed over, such as of a table that is called `metadata` */
async function hasMetadata(io: FileIO, prefix: string, only?: 'direct'): Promise<boolean> {
  for await (const { location } of io.list(prefix)) {
    if (!METADATA_FILE.test(location)) continue
    if (only === undefined || sameLocation(parentOf(location), parentOf(prefix))) return true
  }
  return false
}

const METADATA_FILE = /\.metadata\.json(\.gz)?$/

function parentOf(location: string): string {
  return location.slice(0, location.lastIndexOf('/'))
}
