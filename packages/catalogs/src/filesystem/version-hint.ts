import { isKind } from '@moraine/stdx/error'
import type { FileIO } from '@moraine/storage/file-io'
import { checksumFiles } from './checksum-file.ts'
import { metadataFolder } from './version-file.ts'

// `version-hint.text` spares readers the listing of the metadata folder. It may lag behind: readers look for newer
// versions from there on. It must not name a version that is gone, since Hadoop's readers then give up.

/** `undefined` if there is no hint or it is no number. */
export async function readVersionHint(
  io: FileIO,
  tableLocation: string,
  signal?: AbortSignal,
): Promise<number | undefined> {
  try {
    const text = new TextDecoder().decode(await io.read(versionHintLocation(tableLocation), signal))
    return /^\d{1,9}$/.test(text.trim()) ? Number(text) : undefined
  } catch (error) {
    if (isKind(error, 'not-found')) return undefined
    throw error
  }
}

export async function writeVersionHint(
  io: FileIO,
  tableLocation: string,
  version: number,
  signal?: AbortSignal,
): Promise<void> {
  const location = versionHintLocation(tableLocation)
  await io.remove(checksumFiles([location]), signal)
  await io.write(location, new TextEncoder().encode(String(version)), {}, signal)
}

export async function removeVersionHint(io: FileIO, tableLocation: string, signal?: AbortSignal): Promise<void> {
  const location = versionHintLocation(tableLocation)
  await io.remove([...checksumFiles([location]), location], signal)
}

function versionHintLocation(tableLocation: string): string {
  return `${metadataFolder(tableLocation)}version-hint.text`
}
