import { MoraineError } from '@moraine/stdx/error'
import type { FileIO } from './file-io.ts'
import { parseLocation } from './location.ts'

/**
 * The setting that names the folders of this machine from which files are served, with commas between them, or as a JSON
 * array. Without it all of the machine is, as for somebody who works on files of their own.
 */
export const LOCAL_FOLDERS = 'local.folders'

/** The value of {@link LOCAL_FOLDERS} for folders whose names may have commas; none of them: nothing local is served. */
export function formatLocalFolders(folders: readonly string[]): string {
  return JSON.stringify(folders)
}

/**
 * The absolute paths of the folders, without a slash at the end.
 *
 * @throws {MoraineError} `invalid-input` for what is no folder of this machine
 */
export function parseLocalFolders(text: string): readonly string[] {
  return foldersIn(text).map((folder) => {
    const path = pathOf(folder)
    if (path === undefined)
      throw new MoraineError('invalid-input', `${LOCAL_FOLDERS}: ${folder} is not on this machine`)
    return path.replace(/\/$/, '')
  })
}

/**
 * The same local files, as far as they lie below one of the folders: what a table names is said by its writers, who need
 * not have a right to this machine. Others are `permission`. Symbolic links inside of a folder are its owner's.
 *
 * @param folders as of {@link parseLocalFolders}
 */
export function inLocalFolders(io: FileIO, folders: readonly string[]): FileIO {
  const isBelow = (path: string) => folders.some((folder) => path.startsWith(`${folder}/`))
  const check = (location: string): string => {
    const path = pathOf(location)
    if (path === undefined || isBelow(path)) return location
    throw new MoraineError(
      'permission',
      `${location} is a file of this machine that does not belong to the catalog; if its tables are there, name the folder in the property ${LOCAL_FOLDERS} of the catalog`,
    )
  }
  return {
    read: async (location, signal) => io.read(check(location), signal),
    readRange: async (location, offset, length, signal) => io.readRange(check(location), offset, length, signal),
    stat: async (location, signal) => io.stat(check(location), signal),
    write: async (location, bytes, options, signal) => io.write(check(location), bytes, options, signal),
    openWriter: async (location, options, signal) => io.openWriter(check(location), options, signal),
    remove: async (locations, signal) => io.remove(locations.map(check), signal),
    list: async function* (prefix, signal) {
      yield* io.list(check(prefix), signal)
    },
    canCreateOnly: (location) => io.canCreateOnly(location),
    localPath: (location) => {
      const path = pathOf(location)
      // The folder itself is looked at by those who look for links in it.
      return path === undefined || isBelow(`${path}/`) ? io.localPath?.(location) : undefined
    },
  }
}

function foldersIn(text: string): readonly string[] {
  const given = text.trim()
  if (!given.startsWith('[')) return given.split(',').flatMap((each) => (each.trim() === '' ? [] : [each.trim()]))
  const parsed = arrayIn(given)
  if (parsed !== undefined) return parsed
  throw new MoraineError('invalid-input', `${LOCAL_FOLDERS} is no JSON array of paths`)
}

function arrayIn(text: string): readonly string[] | undefined {
  try {
    const parsed: unknown = JSON.parse(text)
    return Array.isArray(parsed) && parsed.every((each) => typeof each === 'string') ? parsed : undefined
  } catch {
    return undefined
  }
}

/** `undefined` for what lies in another store. */
function pathOf(location: string): string | undefined {
  const { scheme, path } = parseLocation(location)
  return scheme === 'file' ? path : undefined
}
