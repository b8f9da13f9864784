/** A session with ZooKeeper, and what is asked for within it. Once it is over, another is opened. */
export interface ZooKeeperSession {
  /** In hexadecimal, as ZooKeeper writes it in its own logs. */
  readonly id: string
  readonly timeoutMs: number
  /**
   * Aborts as soon as the session may be over: ZooKeeper says so, or nobody answered what was asked within the time that
   * a session lasts without a word, counted from before it was asked.
   */
  readonly over: AbortSignal
  /** Whether it lasts at this very moment, by the clock; if not, `over` has aborted. */
  isAlive(): boolean
  /** Makes a node that outlasts the session, and those above it, unless they are there. */
  makePath(path: string): Promise<void>
  /** Makes a node that ends with the session, its name with a sequence number behind; the path it got. */
  createInLine(path: string, data: Uint8Array): Promise<string>
  /** None if there is no such node. */
  listChildren(path: string): Promise<readonly string[]>
  /**
   * @param onChange called at most once, when the node has changed or gone; not if there is none now. The same function is
   *   kept once for each path
   */
  findNode(path: string, onChange?: () => void): Promise<ZooKeeperNode | undefined>
  /** Nothing happens if there is no such node. */
  removeNode(path: string): Promise<void>
  /**
   * Sees to it that a node has this data and ends with the session, provided that `guard` is there: all in one step.
   *
   * @throws {MoraineError} `conflict` if somebody else has changed one of the nodes meanwhile, or the guard is not there
   */
  putWhile(guard: string, path: string, data: Uint8Array): Promise<void>
  /** Sees to it likewise that there is no such node. Errors as those of {@link putWhile}. */
  removeWhile(guard: string, path: string): Promise<void>
  /** Ends it, and all nodes that end with it. */
  close(): Promise<void>
}

export type ZooKeeperNode = {
  /** The id of the session that it ends with; `undefined` if it outlasts any. */
  readonly session: string | undefined
  readonly data: Uint8Array
}

/**
 * Opens a session, and tries until it can or `signal` aborts.
 *
 * @param servers as of parseZooKeeperAddress
 */
export type OpenZooKeeperSession = (servers: readonly string[], signal: AbortSignal) => Promise<ZooKeeperSession>
