import { MoraineError } from '@moraine/stdx/error'
import { parseLocation } from './location.ts'

/**
 * The absolute path of a file's location.
 *
 * @throws {MoraineError} `invalid-input` for that of a directory, `unsupported` for one that is not on this machine
 */
export function filePath(location: string): string {
  const path = localPathOf(location)
  if (path.endsWith('/')) throw new MoraineError('invalid-input', `${location} names a directory, not a file`)
  return path
}

/** That of a file or a directory. */
export function localPathOf(location: string): string {
  const { scheme, path } = parseLocation(location)
  if (scheme !== 'file') throw new MoraineError('unsupported', `${location} is not a local file`)
  return path
}
