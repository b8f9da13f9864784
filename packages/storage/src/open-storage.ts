import type { Clock } from '@moraine/stdx/clock'
import type { Random } from '@moraine/stdx/random'
import type { FileIO } from './file-io.ts'
import { localFileIO } from './local-file-io.ts'
import { inLocalFolders, LOCAL_FOLDERS, parseLocalFolders } from './local-folders.ts'
import { blockingReads, LOCAL_READS } from './local-reads.ts'
import { objectStoreFileIO } from './object-store-file-io.ts'
import { OBJECT_STORE_SERVICES } from './object-store-service.ts'
import { schemeFileIO } from './scheme-file-io.ts'
import type { StorageSettings } from './settings.ts'
import { HDFS_SCHEMES } from './webhdfs-address.ts'
import { webHdfsFileIO } from './webhdfs-file-io.ts'
import { withConcurrency } from './with-concurrency.ts'
import { type FileIoSink, withMetrics } from './with-metrics.ts'
import { withRetry } from './with-retry.ts'
import { withTimeout } from './with-timeout.ts'

export type StorageComponents = {
  readonly clock: Clock
  readonly random: Random
  readonly metrics?: FileIoSink
  /** Whether files of this machine are read by calls that block: for threads that serve nobody else. */
  readonly blocks?: boolean
}

/**
 * All stores by the scheme of a location, with tries again, deadlines and a limit of calls at once. Object stores and
 * HDFS are neither loaded nor reached before the first call to one. Of this machine's files those that the settings name
 * by {@link LOCAL_FOLDERS}, all if they do not have it.
 *
 * @throws {MoraineError} `invalid-input` if they name folders that there cannot be
 */
export function openStorage(
  settings: StorageSettings,
  { clock, random, metrics, blocks = false }: StorageComponents,
): FileIO {
  const objectStores = OBJECT_STORE_SERVICES.flatMap((service) => {
    const store = objectStoreFileIO(service, settings, { clock, random })
    return service.schemes.map((scheme) => [scheme, store] as const)
  })
  const hdfs = webHdfsFileIO(settings, { clock, random })
  const hdfsStores = HDFS_SCHEMES.map((scheme) => [scheme, hdfs] as const)
  const local = localStore(settings, localFileIO(random, blocks ? blockingReads() : LOCAL_READS))
  // Deadlines inside the limit: they do not run while a call waits for its turn. Pauses outside: they hold no place.
  const limited = (io: FileIO) => withConcurrency(withTimeout(io, { clock }), CALLS_AT_ONCE)
  const far = [...objectStores, ...hdfsStores]
  // No deadline ends a call that blocks.
  const stores = blocks
    ? besideLocal(local, limited(schemeFileIO(new Map(far))), far)
    : limited(schemeFileIO(new Map([['file', local], ...far])))
  const io = withRetry(stores, { clock, random })
  return metrics === undefined ? io : withMetrics(io, metrics, clock)
}

const CALLS_AT_ONCE = 64

function besideLocal(local: FileIO, others: FileIO, schemes: readonly (readonly [string, FileIO])[]): FileIO {
  return schemeFileIO(new Map([['file', local], ...schemes.map(([scheme]) => [scheme, others] as const)]))
}

function localStore(settings: StorageSettings, whole: FileIO): FileIO {
  const folders = settings[LOCAL_FOLDERS]
  return folders === undefined ? whole : inLocalFolders(whole, parseLocalFolders(folders))
}
