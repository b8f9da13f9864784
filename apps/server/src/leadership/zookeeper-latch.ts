import { checkAborted } from '@moraine/stdx/abort'
import type { Clock } from '@moraine/stdx/clock'
import { describeError, isKind, MoraineError } from '@moraine/stdx/error'
import { type Random, uuidV4 } from '@moraine/stdx/random'
import type { Log } from '../service/log.ts'
import { ChangeWatch } from './change-watch.ts'
import { latchPlace, latchPrefix } from './latch-place.ts'
import type { LeaderLatch, PublishedAddress } from './leader-latch.ts'
import { parseZooKeeperAddress } from './zookeeper-address.ts'
import type { OpenZooKeeperSession, ZooKeeperSession } from './zookeeper-session.ts'

export type ZooKeeperLatchOptions = {
  /** `ha.zookeeper-address`. */
  readonly address: string
  /** `ha.cluster-name`. */
  readonly cluster: string
  /** For how long ZooKeeper may be away before that is an error in the log: `ha.connection-timeout`. */
  readonly connectionTimeoutMs: number
  readonly openSession: OpenZooKeeperSession
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

/**
 * The line that servers of Amoro stand in, and the nodes in which its clients look for the leader:
 *
 * - `/{cluster}/amoro/ams/leader`: a LeaderLatch of Apache Curator
 * - `/{cluster}/amoro/ams/master`, which engines read, and `…/optimizing-service-master`, which optimizers read:
 *   `{"host":…,"thriftBindPort":…,"restBindPort":…}`; the former only while the leader has a port for engines
 *
 * Amoro makes the last two to stay, so that a leader that died is told to clients until the next one writes. Here they end
 * with the leader's session: nobody is told for longer. Those that Amoro left are replaced.
 *
 * A ZooKeeper that cannot be reached is waited for, however long: a standby that gave up would have to be started again by
 * hand after an outage of ZooKeeper. It is told once a minute; after `connectionTimeoutMs` as an error.
 *
 * @throws {MoraineError} `invalid-input` naming the setting
 */
export function zookeeperLatch(options: ZooKeeperLatchOptions): LeaderLatch {
  return new ZooKeeperLatch(options)
}

type Turn = {
  readonly session: ZooKeeperSession
  /** The path of its node in the line. */
  readonly node: string
  readonly ending: AbortController
}

class ZooKeeperLatch implements LeaderLatch {
  readonly #options: ZooKeeperLatchOptions
  readonly #servers: readonly string[]
  readonly #root: string
  #session: ZooKeeperSession | undefined
  #turn: Turn | undefined
  readonly #closing = new AbortController()

  constructor(options: ZooKeeperLatchOptions) {
    if (!/^[\w-]+$/.test(options.cluster)) {
      throw new MoraineError(
        'invalid-input',
        `ha.cluster-name is "${options.cluster}": only letters, digits, _ and - can be in addresses of clients`,
      )
    }
    this.#options = options
    this.#servers = parseZooKeeperAddress(options.address)
    this.#root = `/${options.cluster}/amoro/ams`
  }

  async waitForTurn(signal: AbortSignal): Promise<AbortSignal> {
    if (this.isTurn()) await this.#leave()
    const either = AbortSignal.any([signal, this.#closing.signal])
    try {
      for (;;) {
        checkAborted(either, WAITING)
        const session = await this.#liveSession(either)
        const node = await this.#standInLine(session, either)
        if (node !== undefined) return this.#begin({ session, node, ending: new AbortController() })
      }
    } catch (error) {
      await this.#leave() // or a node of which nobody takes the turn would hold up all others
      throw error
    }
  }

  isTurn(): boolean {
    if (this.#turn === undefined) return false
    const { session, ending } = this.#turn
    return session.isAlive() && !ending.signal.aborted
  }

  async publish(address: PublishedAddress): Promise<void> {
    const { tableServicePort, optimizingPort } = address
    await this.#tell('master', tableServicePort === undefined ? undefined : advertisement(address, tableServicePort))
    await this.#tell('optimizing-service-master', advertisement(address, optimizingPort))
  }

  async close(): Promise<void> {
    this.#closing.abort(new MoraineError('aborted', 'the server stops'))
    await this.#leave()
  }

  async #leave(): Promise<void> {
    if (this.#turn !== undefined) this.#endTurn(this.#turn, 'this server has left the line')
    const session = this.#session
    this.#session = undefined
    await session?.close()
  }

  async #liveSession(signal: AbortSignal): Promise<ZooKeeperSession> {
    if (this.#session?.isAlive()) return this.#session
    const { clock, openSession, log } = this.#options
    const opened = new AbortController()
    this.#tellWhileAway(clock.monotonicMs(), opened.signal).catch(() => {}) // it was opened, or given up
    try {
      this.#session = await openSession(this.#servers, signal)
    } finally {
      opened.abort(OPENED)
    }
    const { id, timeoutMs } = this.#session
    log.info({ session: id, sessionTimeoutMs: timeoutMs }, 'a session with ZooKeeper was opened')
    return this.#session
  }

  async #tellWhileAway(since: number, signal: AbortSignal): Promise<void> {
    const { clock, log, address, connectionTimeoutMs } = this.#options
    for (let waitMs = TELL_FIRST_MS; ; waitMs = TELL_AGAIN_MS) {
      await clock.sleep(waitMs, signal)
      const isLong = clock.monotonicMs() - since >= connectionTimeoutMs
      log[isLong ? 'error' : 'warn'](
        { address, waitedMs: Math.round(clock.monotonicMs() - since) },
        'ZooKeeper cannot be reached, and this server waits for it: see that its servers run, and that ha.zookeeper-address names them',
      )
    }
  }

  /** The path of this server's node once it is the first in line; `undefined` if the session ended before. */
  async #standInLine(session: ZooKeeperSession, signal: AbortSignal): Promise<string | undefined> {
    const id = uuidV4(this.#options.random)
    const change = new ChangeWatch(this.#options.clock)
    while (session.isAlive()) {
      try {
        const node = await this.#stepForward(session, id, change.note)
        if (node.isFirst) return node.path
        // Looks now and then unasked, too, should a watch have been lost.
        await change.wait(session.timeoutMs, signal, session.over)
        checkAborted(signal, WAITING)
      } catch (error) {
        checkAborted(signal, WAITING)
        if (!session.isAlive()) break
        if (!isPassing(error)) throw error
        this.#options.log.warn({ failure: describeError(error) }, 'ZooKeeper failed; it is asked again')
        await this.#options.clock.sleep(ASK_AGAIN_MS, signal)
      }
    }
    checkAborted(signal, WAITING)
    this.#options.log.warn({ failure: describeError(session.over.reason) }, 'another session with ZooKeeper is opened')
    return undefined
  }

  /** Looks, joins the line if this server is not in it, and watches who is before it, or itself once it is the first. */
  async #stepForward(session: ZooKeeperSession, id: string, note: () => void) {
    const prefix = latchPrefix(id)
    const line = `${this.#root}/leader`
    for (;;) {
      const place = latchPlace(await session.listChildren(line), prefix)
      if (place.kind === 'absent') {
        await session.makePath(line)
        await session.createInLine(`${line}/${prefix}`, Buffer.from(id))
        continue
      }
      for (const extra of place.surplus) await session.removeNode(`${line}/${extra}`)
      const watched = `${line}/${place.predecessor ?? place.node}`
      if ((await session.findNode(watched, note)) === undefined) continue
      return { path: `${line}/${place.node}`, isFirst: place.predecessor === undefined }
    }
  }

  #begin(turn: Turn): AbortSignal {
    this.#turn = turn
    const end = () => this.#endTurn(turn, describeError(turn.session.over.reason))
    turn.session.over.addEventListener('abort', end, { once: true })
    if (!turn.session.isAlive()) end()
    else this.#watchOwn(turn).catch(() => {}) // it has ended
    this.#options.log.info({ node: turn.node }, 'it is the turn of this server to lead')
    return turn.ending.signal
  }

  /** A turn is over, too, when somebody removes the node that stands for it. */
  async #watchOwn(turn: Turn): Promise<void> {
    const { session, node, ending } = turn
    const change = new ChangeWatch(this.#options.clock)
    for (;;) {
      const found = await session.findNode(node, change.note).catch((error: unknown) => {
        if (isPassing(error)) return 'unknown' as const
        throw error
      })
      if (found === undefined) return this.#endTurn(turn, 'its node in ZooKeeper was removed')
      await change.wait(session.timeoutMs, ending.signal)
      if (ending.signal.aborted) return
    }
  }

  #endTurn(turn: Turn, why: string): void {
    if (this.#turn === turn) this.#turn = undefined
    if (turn.ending.signal.aborted) return
    turn.ending.abort(new MoraineError('unavailable', `it is no longer the turn of this server to lead: ${why}`))
    this.#options.log.warn({ node: turn.node, why }, 'it is no longer the turn of this server to lead')
  }

  /** Without data nobody is told anything, nor what another has left. */
  async #tell(name: string, data: Uint8Array | undefined): Promise<void> {
    const path = `${this.#root}/${name}`
    for (;;) {
      const turn = this.#turn
      if (turn === undefined || !this.isTurn()) {
        throw new MoraineError('conflict', `${path} is not written: it is not the turn of this server to lead`)
      }
      try {
        const { session, node } = turn
        return await (data === undefined ? session.removeWhile(node, path) : session.putWhile(node, path, data))
      } catch (error) {
        // The same again: it has either not been done, or is found done. A turn that has ended ends this, too.
        if (!isPassing(error) && !isKind(error, 'conflict')) throw error
        await this.#options.clock.sleep(ASK_AGAIN_MS, turn.ending.signal).catch(() => {})
      }
    }
  }
}

const WAITING = 'waiting for the turn to lead'
const ASK_AGAIN_MS = 1000
const TELL_FIRST_MS = 10_000
const TELL_AGAIN_MS = 60_000

// Made once: an abort without a reason makes an error with a stack each time.
const OPENED = new Error('no longer waited for')

/** Of another between a look and a step, or of a connection. */
function isPassing(error: unknown): boolean {
  return isKind(error, 'unavailable') || isKind(error, 'not-found') || isKind(error, 'already-exists')
}

function advertisement({ host, restPort }: PublishedAddress, thriftBindPort: number): Uint8Array {
  return Buffer.from(JSON.stringify({ host, thriftBindPort, restBindPort: restPort }))
}
