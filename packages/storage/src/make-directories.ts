import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { MoraineError } from '@moraine/stdx/error'
import { errnoOf, localError } from './local-error.ts'

/**
 * Makes the directory and those above it that are missing; gives the topmost that it made, `undefined` if all were there.
 *
 * Level by level: asked for all at once (`recursive`), Node asks for ever where a file system answers that there is no
 * parent although there is one, as `/proc` does.
 *
 * @throws {MoraineError} `invalid-input` naming the part of the path that is a file, or where no directory can be made;
 * else what the system's error means
 */
export async function makeDirectories(path: string): Promise<string | undefined> {
  const missing: string[] = []
  let directory = path
  let outcome = await make(directory)
  while (outcome === 'no-parent' && dirname(directory) !== directory) {
    missing.push(directory)
    directory = dirname(directory)
    outcome = await make(directory)
  }
  let topmost = outcome === 'made' ? directory : undefined
  for (const each of missing.reverse()) {
    const made = await make(each)
    if (made === 'no-parent') {
      throw new MoraineError(
        'invalid-input',
        `the directory ${each} cannot be made: ENOENT, though ${dirname(each)} is there; its file system does not take new directories`,
      )
    }
    if (made === 'made') topmost ??= each
  }
  return topmost
}

async function make(directory: string): Promise<'made' | 'there' | 'no-parent'> {
  try {
    await mkdir(directory)
    return 'made'
  } catch (cause) {
    const code = errnoOf(cause)
    if (code === 'ENOENT') return 'no-parent'
    // What is there answers EEXIST, or what else forbids to make it: EISDIR, EPERM, EROFS.
    if ((await stat(directory).catch(() => undefined))?.isDirectory()) return 'there'
    if (code !== 'EEXIST' && code !== 'ENOTDIR') throw localError(cause, `making the directory ${directory}`)
    throw new MoraineError('invalid-input', `the directory ${directory} cannot be made: a part of the path is a file`, {
      cause,
    })
  }
}
