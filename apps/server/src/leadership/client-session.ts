import { orAbort } from '@moraine/stdx/abort'
import { must } from '@moraine/stdx/assert'
import type { Clock } from '@moraine/stdx/clock'
import { asError, isKind, MoraineError } from '@moraine/stdx/error'
import zookeeper, { type Stat } from 'node-zookeeper-client'
import { type SteadyClient, steadyClient } from './steady-client.ts'
import type { OpenZooKeeperSession, ZooKeeperNode, ZooKeeperSession } from './zookeeper-session.ts'

/**
 * Opens sessions by node-zookeeper-client.
 *
 * @param timeoutMs for how long a session shall last without a word; a server has bounds of its own
 */
export function clientSessions(clock: Clock, timeoutMs: number): OpenZooKeeperSession {
  return async (servers, signal) => {
    signal.throwIfAborted()
    const steady = steadyClient(servers, timeoutMs)
    try {
      await connect(steady, clock, timeoutMs, signal)
      const session = new ClientSession(steady, clock)
      await orAbort(session.start(), signal, 'opening a session with ZooKeeper')
      return session
    } catch (error) {
      steady.abandon()
      throw error
    }
  }
}

/** Within the turn of each server: one that takes connections and says nothing is left for the next. */
async function connect({ client, cut }: SteadyClient, clock: Clock, turnMs: number, signal: AbortSignal) {
  const connected = new Promise<void>((resolve) => client.once('connected', resolve))
  const done = new AbortController()
  client.connect()
  const cutInTurn = async () => {
    for (;;) {
      await clock.sleep(turnMs, done.signal)
      cut()
    }
  }
  cutInTurn().catch(() => {}) // it is connected, or given up
  try {
    await orAbort(connected, signal, 'connecting to ZooKeeper')
  } finally {
    done.abort()
  }
}

type Answered<T> = (error: object | null | undefined, value?: T) => void

class ClientSession implements ZooKeeperSession {
  readonly id: string
  timeoutMs: number
  readonly #steady: SteadyClient
  readonly #clock: Clock
  readonly #over = new AbortController()
  /** Aborts when the connection is lost: of what was asked before, the library forgets some. */
  #connection = new AbortController()
  /** When the latest question was asked that was answered: the session lasts at least from then. */
  #contactAt: number
  #isAsking = false
  #isCut = false

  constructor(steady: SteadyClient, clock: Clock) {
    const { client } = steady
    this.#steady = steady
    this.#clock = clock
    this.id = client.getSessionId().toString('hex')
    this.timeoutMs = client.getSessionTimeout()
    this.#contactAt = clock.monotonicMs()
    client.on('connected', () => {
      this.timeoutMs = Math.min(this.timeoutMs, client.getSessionTimeout())
    })
    client.on('disconnected', () => {
      this.#connection.abort(new MoraineError('unavailable', 'the connection with ZooKeeper was lost'))
      this.#connection = new AbortController()
    })
    client.once('expired', () => this.#end('ZooKeeper has ended the session'))
    client.once('authenticationFailed', () => this.#end('ZooKeeper refused who signs in'))
  }

  get over(): AbortSignal {
    return this.#over.signal
  }

  /** Resolves once something was answered in the session, or it is over. */
  async start(): Promise<void> {
    this.#watch().catch(() => {}) // it is over
    while (this.isAlive()) {
      try {
        return await this.#keepAlive()
      } catch (error) {
        if (!isKind(error, 'unavailable')) throw error
        await this.#clock.sleep(this.timeoutMs / STEPS, this.over).catch(() => {})
      }
    }
  }

  isAlive(): boolean {
    if (this.over.aborted) return false
    if (this.#silentMs() < this.timeoutMs) return true
    this.#end(`ZooKeeper has not answered for ${this.timeoutMs} ms`)
    return false
  }

  async makePath(path: string): Promise<void> {
    const names = path.split('/').slice(1)
    for (let depth = 1; depth <= names.length; depth += 1) {
      const part = `/${names.slice(0, depth).join('/')}`
      await this.#ask<string>(`making ${part}`, (done) =>
        this.#steady.client.create(part, zookeeper.CreateMode.PERSISTENT, done),
      ).catch(unless('already-exists', undefined))
    }
  }

  createInLine(path: string, data: Uint8Array): Promise<string> {
    const mode = zookeeper.CreateMode.EPHEMERAL_SEQUENTIAL
    return this.#ask(`making ${path}`, (done) => this.#steady.client.create(path, Buffer.from(data), mode, done))
  }

  listChildren(path: string): Promise<readonly string[]> {
    return this.#ask<readonly string[]>(`listing ${path}`, (done) => this.#steady.client.getChildren(path, done)).catch(
      unless('not-found', []),
    )
  }

  findNode(path: string, onChange?: () => void): Promise<ZooKeeperNode | undefined> {
    const { client } = this.#steady
    return this.#ask<ZooKeeperNode>(`reading ${path}`, (done) => {
      const answered = (error: object | null, data: Buffer | undefined, stat: Stat) =>
        error === null ? done(null, { session: sessionOf(stat), data: data ?? Buffer.alloc(0) }) : done(error)
      // What is not there is not watched, so that no watch waits for a name that never comes again.
      if (onChange === undefined) client.getData(path, answered)
      else client.getData(path, onChange, answered)
    }).catch(unless('not-found', undefined))
  }

  removeNode(path: string): Promise<void> {
    return this.#ask<void>(`removing ${path}`, (done) => this.#steady.client.remove(path, done)).catch(
      unless('not-found', undefined),
    )
  }

  async putWhile(guard: string, path: string, data: Uint8Array): Promise<void> {
    const found = await this.findNode(path)
    const change = this.#steady.client.transaction().check(guard)
    const bytes = Buffer.from(data)
    if (found?.session === this.id) {
      change.setData(path, bytes)
    } else {
      if (found !== undefined) change.remove(path)
      change.create(path, bytes, zookeeper.CreateMode.EPHEMERAL)
    }
    await this.#commit(`writing ${path}`, change)
  }

  async removeWhile(guard: string, path: string): Promise<void> {
    if ((await this.findNode(path)) === undefined) return
    await this.#commit(`removing ${path}`, this.#steady.client.transaction().check(guard).remove(path))
  }

  async #commit(doing: string, change: zookeeper.Transaction): Promise<void> {
    await this.#ask<unknown>(doing, (done) => change.commit(done)).catch((error: unknown) => {
      const isRaced = error instanceof MoraineError && ['not-found', 'already-exists'].includes(error.kind)
      throw isRaced ? new MoraineError('conflict', `${doing} is not for this server now`, { cause: error }) : error
    })
  }

  async close(): Promise<void> {
    if (this.over.aborted) return
    this.#end('it was closed', 'told')
    const done = new AbortController()
    const closed = new Promise<void>((resolve) => this.#steady.client.once('disconnected', resolve))
    await Promise.race([closed, this.#clock.sleep(CLOSE_WITHIN_MS, done.signal).catch(() => {})])
    done.abort()
    this.#steady.abandon()
  }

  /** Aborts `over` first, so that nobody acts on a session that is being taken down. */
  #end(why: string, how: 'told' | 'abandoned' = 'abandoned'): void {
    if (this.over.aborted) return
    this.#over.abort(new MoraineError('unavailable', `the session with ZooKeeper is over: ${why}`))
    if (how === 'told') this.#steady.client.close()
    else this.#steady.abandon()
  }

  /**
   * In small steps, so that after the process was stopped this is among the first timers to run. What was silent for a
   * third of the session's time is asked; a connection on which nobody answers for another third is cut, so that the
   * library tries the next server while the session lasts.
   */
  async #watch(): Promise<void> {
    for (;;) {
      await this.#clock.sleep(this.timeoutMs / STEPS, this.over)
      if (!this.isAlive()) return
      const silence = this.#silentMs() / this.timeoutMs
      if (silence >= 2 / 3 && !this.#isCut) {
        this.#isCut = true
        this.#steady.cut()
      }
      if (silence >= 1 / 3 && !this.#isAsking) this.#keepAlive().catch(() => {}) // asked again at the next step
    }
  }

  async #keepAlive(): Promise<void> {
    this.#isAsking = true
    try {
      await this.#ask<unknown>('keeping the session', (done) => this.#steady.client.exists('/', done))
    } finally {
      this.#isAsking = false
    }
  }

  #silentMs(): number {
    return this.#clock.monotonicMs() - this.#contactAt
  }

  async #ask<T>(doing: string, send: (done: Answered<T>) => void): Promise<T> {
    if (!this.isAlive()) throw must(asError(this.over.reason), 'the reason')
    const askedAt = this.#clock.monotonicMs()
    const answer = new Promise<T>((resolve, reject) => {
      send((error, value) => {
        const failure = error ? failureOf(error, doing) : undefined
        if (failure?.kind !== 'unavailable') this.#hear(askedAt)
        if (failure === undefined)
          resolve(value as T) // the library gives a value where there is no error
        else reject(failure)
      })
    })
    return orAbort(orAbort(answer, this.#connection.signal, doing), this.over, doing)
  }

  #hear(askedAt: number): void {
    this.#contactAt = Math.max(this.#contactAt, askedAt)
    this.#isCut = false
  }
}

const STEPS = 30
const CLOSE_WITHIN_MS = 2000

function sessionOf({ ephemeralOwner }: Stat): string | undefined {
  const id = ephemeralOwner.toString('hex')
  return /^0*$/.test(id) ? undefined : id
}

/** What the codes of ZooKeeper mean here; any other is `unavailable`, and asked for again while the session lasts. */
function failureOf(error: object, doing: string): MoraineError {
  const { NO_NODE, NODE_EXISTS, NO_AUTH, AUTH_FAILED, SYSTEM_ERROR } = zookeeper.Exception
  const code = error instanceof zookeeper.Exception ? error.getCode() : SYSTEM_ERROR
  switch (code) {
    case NO_NODE:
      return new MoraineError('not-found', `${doing}: there is no such node in ZooKeeper`, { cause: error })
    case NODE_EXISTS:
      return new MoraineError('already-exists', `${doing}: the node is there already`, { cause: error })
    case NO_AUTH:
    case AUTH_FAILED:
      return new MoraineError(
        'permission',
        `${doing}: ZooKeeper does not let this server; the nodes need an access list that is open to it`,
        { cause: error },
      )
    default:
      return new MoraineError('unavailable', `${doing} failed in ZooKeeper`, { cause: error })
  }
}

/** For a failure that is an answer. */
function unless<T>(kind: 'not-found' | 'already-exists', answer: T): (error: unknown) => T {
  return (error) => {
    if (error instanceof MoraineError && error.kind === kind) return answer
    throw error
  }
}
