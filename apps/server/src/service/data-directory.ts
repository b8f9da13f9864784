import { access, constants, mkdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { MoraineError } from '@moraine/stdx/error'
import { errnoOf, isAbsent, localError } from '@moraine/storage/local-error'

/**
 * Makes the directory that the service keeps its state in, unless it is there; gives the path of the database in it.
 *
 * @param dataDir absolute
 * @throws {MoraineError} naming the directory, what is wrong with it, and the option that chooses another:
 * `invalid-input` where there can be none, `permission` where this process may not use it.
 */
export async function prepareDataDirectory(dataDir: string): Promise<string> {
  const missing: string[] = []
  let directory = dataDir
  for (; !(await isDirectory(directory, dataDir)); directory = dirname(directory)) missing.push(directory)
  // One by one: asked for all at once, Node tries for ever where a file system says that there is no parent (/proc).
  for (const each of missing.reverse()) {
    await mkdir(each).catch((cause: unknown) => {
      if (errnoOf(cause) !== 'EEXIST') throw unusable(dataDir, cause, each)
    })
  }
  await mayUse(dataDir, constants.R_OK | constants.W_OK | constants.X_OK, dataDir)
  const database = join(dataDir, 'moraine.db')
  if ((await stat(database).catch(() => undefined))?.isDirectory())
    throw cannotBe(dataDir, `${database} is in the way: it is a directory`)
  for (const file of [database, `${database}-wal`, `${database}-journal`]) {
    await mayUse(file, constants.R_OK | constants.W_OK, dataDir)
  }
  return database
}

async function isDirectory(path: string, dataDir: string): Promise<boolean> {
  const found = await stat(path).catch((cause: unknown) => {
    if (isAbsent(cause)) return undefined
    throw unusable(dataDir, cause, path)
  })
  if (found?.isDirectory() === false) throw cannotBe(dataDir, `${path} is in the way: it is a file`)
  return found !== undefined
}

async function mayUse(path: string, mode: number, dataDir: string): Promise<void> {
  await access(path, mode).catch((cause: unknown) => {
    if (path === dataDir || !isAbsent(cause)) throw unusable(dataDir, cause, path)
  })
}

function unusable(dataDir: string, cause: unknown, path: string): MoraineError {
  const code = errnoOf(cause) ?? ''
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return cannotBe(
        dataDir,
        `the user this process runs as has no permission for ${path}; give it that`,
        'permission',
      )
    case 'EROFS':
      return cannotBe(dataDir, `${path} is on a read-only file system; mount it for writing`, 'permission')
    case 'ENOENT':
      return cannotBe(dataDir, `${path} cannot be made: its file system does not take new directories`)
    default:
      return localError(cause, `making the data directory ${dataDir} (another is chosen with --data-dir)`)
  }
}

function cannotBe(dataDir: string, why: string, kind: 'invalid-input' | 'permission' = 'invalid-input'): MoraineError {
  const another = kind === 'permission' ? ', or choose another' : '; choose another'
  return new MoraineError(kind, `the data directory ${dataDir} cannot be used: ${why}${another} with --data-dir`)
}
