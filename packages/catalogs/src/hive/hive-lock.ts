import { MoraineError } from '@moraine/stdx/error'
import { uuidV4 } from '@moraine/stdx/random'
import { DeclaredException } from '@moraine/thrift/service'
import { isAnswered } from './hive-failure.ts'
import type { HiveStore } from './hive-store.ts'
import { LockLevel, LockState, LockType, noSuchLock } from './metastore-thrift.ts'

/** What a lock is on: a table, which need not exist, or a whole database. */
export type LockTarget = { readonly database: string; readonly table?: string }

export type HeldLock = {
  /** @throws {MoraineError} `unavailable` once the metastore may have given the lock to somebody else */
  assertHeld(): void
}

/**
 * Runs `work` while nobody else has an exclusive lock on the target, and lets go of it however `work` ends. The lock
 * of a process that dies ends by itself when its heartbeats are missing (`hive.txn.timeout` of the metastore).
 *
 * @throws {MoraineError} `timeout` if others hold it for too long; nothing was done then
 */
export async function withHiveLock<T>(
  store: HiveStore,
  target: LockTarget,
  work: (lock: HeldLock) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const lock = await requestLock(store, target, signal)
  try {
    await untilAcquired(store, target, lock, signal)
    const heart = startHeartbeats(store, target, lock.id)
    try {
      return await work(heart)
    } finally {
      heart.stop()
    }
  } finally {
    await release(store, target, lock.id)
  }
}

type RequestedLock = { readonly id: bigint; readonly state: number }

async function requestLock(
  store: HiveStore,
  target: LockTarget,
  signal: AbortSignal | undefined,
): Promise<RequestedLock> {
  const { metastore, settings, hostname, random } = store
  // By this the lock is found again if the answer gets lost.
  const agentInfo = `Moraine-${uuidV4(random)}`
  const component = {
    type: LockType.exclusive,
    level: target.table === undefined ? LockLevel.db : LockLevel.table,
    dbname: target.database,
    ...(target.table === undefined ? {} : { tablename: target.table }),
  }
  const rqst = { component: [component], user: settings.user, hostname, agentInfo }
  try {
    const response = await metastore.once((client, options) => client.lock({ rqst }, options), { signal })
    if (response !== undefined) return { id: response.lockid, state: response.state }
    throw new MoraineError('corrupt', `the metastore answered the request for a lock on ${nameOf(target)} with nothing`)
  } catch (error) {
    if (isAnswered(error)) throw cannotLock(target, error)
    const found = await findLock(store, target, agentInfo).catch(() => undefined)
    if (found === undefined) throw error
    if (!signal?.aborted) return found
    await release(store, target, found.id)
    throw error
  }
}

async function findLock(
  { metastore }: HiveStore,
  { database, table }: LockTarget,
  agentInfo: string,
): Promise<RequestedLock | undefined> {
  const rqst = { dbname: database, ...(table === undefined ? {} : { tablename: table }) }
  const shown = await metastore.repeatable((client, options) => client.show_locks({ rqst }, options), {
    isUrgent: true,
  })
  const ours = shown?.locks?.find((lock) => lock.agentInfo === agentInfo)
  return ours === undefined ? undefined : { id: ours.lockid, state: ours.state }
}

async function untilAcquired(
  { metastore, settings: { lock: limits }, clock }: HiveStore,
  target: LockTarget,
  { id, state: first }: RequestedLock,
  signal: AbortSignal | undefined,
): Promise<void> {
  const startedMs = clock.monotonicMs()
  let state = first
  for (let waitMs = limits.checkMinWaitMs; state === LockState.waiting; waitMs *= 1.5) {
    const leftMs = startedMs + limits.timeoutMs - clock.monotonicMs()
    if (leftMs <= 0) {
      const text = `others held the lock on ${nameOf(target)} for ${limits.timeoutMs} ms; see SHOW LOCKS in Hive`
      throw new MoraineError('timeout', text)
    }
    await clock.sleep(Math.min(waitMs, limits.checkMaxWaitMs, leftMs), signal)
    try {
      // This is also the heartbeat of a lock that is waited for.
      const rqst = { lockid: id }
      const answer = await metastore.repeatable((client, options) => client.check_lock({ rqst }, options), { signal })
      state = answer?.state ?? LockState.waiting
    } catch (error) {
      throw isAnswered(error) ? cannotLock(target, error) : error
    }
  }
  if (state !== LockState.acquired) {
    throw new MoraineError('unavailable', `the metastore gave up the request for a lock on ${nameOf(target)}`)
  }
}

function startHeartbeats(
  { metastore, settings, clock }: HiveStore,
  target: LockTarget,
  id: bigint,
): HeldLock & { stop(): void } {
  const ended = new AbortController()
  let lost: unknown
  const beat = async () => {
    while (lost === undefined) {
      await clock.sleep(settings.lock.heartbeatIntervalMs, ended.signal)
      const ids = { lockid: id }
      const options = { signal: ended.signal, isUrgent: true }
      await metastore
        .repeatable((client, call) => client.heartbeat({ ids }, call), options)
        .catch((error: unknown) => {
          lost = error
        })
    }
  }
  // It ends by the signal while it sleeps.
  beat().catch(() => undefined)
  return {
    assertHeld() {
      if (lost === undefined) return
      throw new MoraineError('unavailable', `the lock on ${nameOf(target)} may have been lost`, { cause: lost })
    },
    stop: () => ended.abort(),
  }
}

/** Not even an abort keeps it from being released. */
async function release({ metastore, onLeftover }: HiveStore, target: LockTarget, id: bigint): Promise<void> {
  try {
    const rqst = { lockid: id }
    await metastore.repeatable((client, options) => client.unlock({ rqst }, options), { isUrgent: true })
  } catch (error) {
    if (noSuchLock.match(error) === undefined) onLeftover(error, [`lock ${id} on ${nameOf(target)}`])
  }
}

function cannotLock(target: LockTarget, cause: unknown): MoraineError {
  // Without its tables for locks a metastore says no more than that it failed.
  const isHelpless = !(cause instanceof DeclaredException) && target.table !== undefined
  const advice = isHelpless ? '; commits to one that keeps no locks need engine.hive.lock-enabled=false' : ''
  return new MoraineError('unavailable', `the metastore gives no lock on ${nameOf(target)}${advice}`, { cause })
}

function nameOf({ database, table }: LockTarget): string {
  return table === undefined ? `database ${database}` : `${database}.${table}`
}
