import { asError } from '@moraine/stdx/error'
import { isUnsent } from '@moraine/thrift/connection'
import type { LoadedTable } from '../catalog.ts'
import { noSuchTable } from '../catalog-error.ts'
import { readMetadata } from '../metadata-file/metadata-files.ts'
import type { SwapOutcome } from '../metadata-file/swap-outcome.ts'
import { toldByLog } from '../metadata-file/told-by-log.ts'
import { formatIdentifier } from '../table-identifier.ts'
import { hiveFailure, isAnswered, isModifiedMeanwhile } from './hive-failure.ts'
import { type HeldLock, withHiveLock } from './hive-lock.ts'
import { DO_NOT_UPDATE_STATS, METADATA_LOCATION, type NextState } from './hive-parameters.ts'
import { findHiveTable, type HiveStore, icebergPointer } from './hive-store.ts'
import { type HiveTable, withState } from './hive-table.ts'

/**
 * Makes `next.metadataLocation` the current metadata file of a table if it still is `base.metadataLocation`: under a lock
 * of the metastore, or, without, by the comparison that newer metastores make themselves (HIVE-26882). The latter is
 * asked for in both cases.
 *
 * @throws {MoraineError} if the metastore refuses, or is not reached; nothing was changed then
 */
export async function swapMetadata(
  store: HiveStore,
  base: LoadedTable,
  next: Omit<NextState, 'base'>,
  signal?: AbortSignal,
): Promise<SwapOutcome> {
  const change = (table: HiveTable) => withState(table, { ...next, base })
  const look = (error: unknown) => settle(store, base, next.metadataLocation, error)
  return underLock(store, base, (lock) => alterHiveTable(store, base, { change, look, lock }, signal), signal)
}

/** Under the lock that commits to the table take, or at once if they take none. */
export function underLock<T>(
  store: HiveStore,
  { identifier, metadata: { properties } }: LoadedTable,
  work: (lock: HeldLock | undefined) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const text = Object.hasOwn(properties, LOCK_ENABLED) ? properties[LOCK_ENABLED] : undefined
  const isLocked = text === undefined ? store.settings.isLockEnabled : text.trim().toLowerCase() === 'true'
  if (!isLocked) return work(undefined)
  const target = { database: identifier.namespace[0] ?? '', table: identifier.name }
  return withHiveLock(store, target, work, signal)
}

const LOCK_ENABLED = 'engine.hive.lock-enabled'

export type Alteration = {
  readonly change: (table: HiveTable) => HiveTable
  /** Finds out how a change ended whose answer is `error`. */
  readonly look: (error: unknown) => Promise<SwapOutcome>
  readonly lock: HeldLock | undefined
}

/** Changes the table as the metastore has it now, if its pointer still is that of `base`. */
export async function alterHiveTable(
  store: HiveStore,
  { identifier, metadataLocation }: LoadedTable,
  { change, look, lock }: Alteration,
  signal?: AbortSignal,
): Promise<SwapOutcome> {
  const current = await findHiveTable(store, identifier, signal)
  const pointer = icebergPointer(current, identifier)
  if (current === undefined || pointer === undefined) throw noSuchTable(identifier)
  if (pointer !== metadataLocation) return 'lost'
  lock?.assertHeld()
  const properties = new Map([
    [DO_NOT_UPDATE_STATS, 'true'],
    ['expected_parameter_key', METADATA_LOCATION],
    ['expected_parameter_value', metadataLocation],
  ])
  const request = {
    dbname: identifier.namespace[0] ?? '',
    tbl_name: identifier.name,
    new_tbl: change(current),
    environment_context: { properties },
  }
  try {
    // Once it is on its way, an abort would only leave its fate open.
    await store.metastore.once((client, options) =>
      client.alter_table_with_environment_context(request, { ...options, signal: undefined }),
    )
  } catch (error) {
    if (isUnsent(error)) throw error
    return look(error)
  }
  try {
    lock?.assertHeld()
  } catch (cause) {
    // Whoever had the lock meanwhile may have committed from the same base.
    return { unknown: asError(cause) }
  }
  return 'won'
}

/**
 * Reads back what became of a swap, as the reference implementation does (`checkCommitStatus`). If the call was
 * answered, whatever it did is done; if its connection was lost, a change that is not seen may still come. Where others
 * have gone on so far that their log tells of neither base nor commit, the outcome stays unknown, and the file stays.
 */
async function settle(store: HiveStore, base: LoadedTable, next: string, error: unknown): Promise<SwapOutcome> {
  const cause = asError(hiveFailure(`the commit to ${formatIdentifier(base.identifier)}`, error))
  for (let attempt = 1; ; attempt += 1) {
    const found = await lookFor(store, base, next).catch(() => undefined)
    if (found === 'current or past') return 'won'
    if (found === 'neither' && isModifiedMeanwhile(error)) return 'lost'
    if (found === 'neither' && isAnswered(error)) throw cause
    if (found === 'untold' || attempt === LOOKS_MAX) return { unknown: cause }
    await store.clock.sleep(LOOK_AGAIN_MS * attempt)
  }
}

const LOOKS_MAX = 3
const LOOK_AGAIN_MS = 100

/** `untold`: it cannot be told any more. */
async function lookFor(
  store: HiveStore,
  { identifier, metadataLocation }: LoadedTable,
  next: string,
): Promise<'current or past' | 'neither' | 'untold'> {
  const pointer = icebergPointer(await findHiveTable(store, identifier), identifier)
  if (pointer === next) return 'current or past'
  if (pointer === metadataLocation) return 'neither'
  // Whoever dropped or renamed the table may have done so after our commit.
  if (pointer === undefined) return 'untold'
  const told = toldByLog(await readMetadata(store, pointer), { base: metadataLocation, next })
  if (told === undefined) return 'untold'
  return told === 'won' ? 'current or past' : 'neither'
}
