import { stat } from 'node:fs/promises'
import { MoraineError } from '@moraine/stdx/error'
import { isAbsent, localError } from '@moraine/storage/local-error'
import { canonicalScheme } from '@moraine/storage/location'
import { OBJECT_STORE_SERVICES, type ObjectStoreService } from '@moraine/storage/object-store-service'
import { HDFS_SCHEMES } from '@moraine/storage/webhdfs-address'

const SCHEME = /^([a-z][a-z0-9+.-]*):\//i

/**
 * Refuses a location of a scheme that there is no store for, before anything is tried; says of a store to which our tests
 * do not speak that they do not, and what it is set by.
 *
 * @throws {MoraineError} `unsupported`
 */
export function checkStore(location: string, warn: (message: string) => void): void {
  const scheme = SCHEME.exec(location)?.[1]?.toLowerCase()
  if (scheme === undefined || scheme === 'file') return
  const canonical = canonicalScheme(scheme)
  if (HDFS_SCHEMES.some((known) => known === canonical)) return
  const service = OBJECT_STORE_SERVICES.find(({ schemes }) => schemes.includes(canonical))
  if (service === undefined) {
    const stores = [...OBJECT_STORE_SERVICES.flatMap(({ schemes }) => schemes), ...HDFS_SCHEMES]
    const others = stores.map((each) => `${each}://`)
    throw new MoraineError(
      'unsupported',
      `${location}: ${scheme}:// is not supported; a table can be on this machine (a path, or file://) or in ${others.join(', ')}`,
    )
  }
  if (service.exercised === 'server') return
  const how = service.exercised === 'emulator' ? 'but against an emulator' : 'as files, s3:// and hdfs:// are'
  warn(
    `note: ${scheme}:// is not exercised by Moraine's own tests, ${how}; it takes from --storage: ${settingsOf(service).join(', ')}`,
  )
}

/** Refuses a warehouse on this machine that is no directory. @throws {MoraineError} `not-found` */
export async function checkWarehouse(option: string, location: string): Promise<void> {
  if (!location.startsWith('/')) return
  const found = await stat(location).catch((cause: unknown) => {
    if (isAbsent(cause)) return undefined
    throw localError(cause, `opening --warehouse ${option}`)
  })
  if (found?.isDirectory()) return
  const what = found === undefined ? `there is no directory ${location}` : `${location} is a file, not a directory`
  throw new MoraineError('not-found', `--warehouse ${option}: ${what}`)
}

function settingsOf({ options, otherSettings }: ObjectStoreService): readonly string[] {
  return [...Object.keys(options), ...otherSettings]
}
