import { open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { MoraineError } from '@moraine/stdx/error'
import type { Random } from '@moraine/stdx/random'
import { isAbsent, localError } from '@moraine/storage/local-error'
import { SECRET_KEY_BYTES } from './sealed-box.ts'

const FILE = 'secret.key'
const OWNER_ONLY = 0o600

/**
 * The key that catalogs' secrets are sealed with: that of `MORAINE_SECRET_KEY`, else of the file `secret.key` in the data
 * directory, which is made if it is not there. Only one process may do this to a directory at a time.
 *
 * @throws {MoraineError} `invalid-input` for what is no key, `permission` for a file that others may read
 */
export async function loadSecretKey(
  dataDir: string,
  random: Random,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Uint8Array> {
  const given = environment['MORAINE_SECRET_KEY']
  if (given !== undefined && given !== '') return decodeKey(given, 'MORAINE_SECRET_KEY')
  const path = join(dataDir, FILE)
  const stored = await readKeyFile(path)
  if (stored !== undefined) return decodeKey(stored, path)
  const key = random.bytes(SECRET_KEY_BYTES)
  await writeKeyFile(path, Buffer.from(key).toString('base64'))
  return key
}

function decodeKey(text: string, where: string): Uint8Array {
  const compact = text.trim()
  const isHex = /^[0-9a-f]{64}$/i.test(compact)
  const isBase64 = /^[A-Za-z0-9+/]{43}=?$/.test(compact)
  if (isHex || isBase64) return Buffer.from(compact, isHex ? 'hex' : 'base64')
  throw new MoraineError(
    'invalid-input',
    `${where} holds no key: it takes ${SECRET_KEY_BYTES} random bytes in base64 or in hexadecimal (openssl rand -base64 32)`,
  )
}

async function readKeyFile(path: string): Promise<string | undefined> {
  try {
    const file = await open(path)
    try {
      const { mode } = await file.stat()
      if ((mode & 0o077) === 0) return await readFile(file, 'utf8')
    } finally {
      await file.close()
    }
  } catch (cause) {
    if (isAbsent(cause)) return undefined
    throw localError(cause, `reading ${path}`)
  }
  throw new MoraineError('permission', `${path} holds a key and others may read it; chmod 600 ${path}`)
}

/** Whole or not at all: half a key would lock everything out. */
async function writeKeyFile(path: string, text: string): Promise<void> {
  const draft = `${path}.new`
  try {
    const file = await open(draft, 'w', OWNER_ONLY)
    try {
      await file.chmod(OWNER_ONLY)
      await file.writeFile(`${text}\n`)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(draft, path)
    const directory = await open(join(path, '..'))
    try {
      await directory.sync()
    } finally {
      await directory.close()
    }
  } catch (cause) {
    throw localError(cause, `writing ${path}`)
  }
}
