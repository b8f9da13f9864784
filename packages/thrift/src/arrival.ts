import { MoraineError } from '@moraine/stdx/error'
import { humanBytes, humanDuration } from '@moraine/stdx/human-text'

/** What the clients of one server have sent of messages that are not there as a whole. */
export class Arrivals {
  readonly #maxBytes: number
  #bytes = 0
  #connections = 0

  /** @param maxBytes of all connections; what is there of short messages may exceed it, up to twice */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  join(): void {
    this.#connections += 1
  }

  leave(): void {
    this.#connections -= 1
  }

  /** @throws {MoraineError} `exhausted` if this connection has more than its share while all together have too much */
  change(from: number, to: number): void {
    this.#bytes += to - from
    if (to <= from || this.#bytes <= this.#maxBytes || to <= this.#maxBytes / this.#connections) return
    const text = `messages that are not complete take ${humanBytes(this.#bytes)}, ${humanBytes(to)} of them for this client`
    throw new MoraineError('exhausted', `${text}; at most ${humanBytes(this.#maxBytes)} are kept for all`)
  }
}

/** The message of one connection that has begun to arrive. */
export class Arrival {
  readonly #all: Arrivals
  readonly #monotonicMs: () => number
  #bytes = 0
  #beganAt: number | undefined
  #grewAt = 0

  constructor(all: Arrivals, monotonicMs: () => number) {
    this.#all = all
    this.#monotonicMs = monotonicMs
    all.join()
  }

  /**
   * After each look at what has come: `bytes` of it are kept, for a message that is `new` if another was complete.
   * `waits` where the server does not read on: then nobody is late.
   *
   * @throws {MoraineError} `exhausted`
   */
  note(bytes: number, state: 'new' | 'same' | 'waits'): void {
    const now = this.#monotonicMs()
    if (bytes > this.#bytes) this.#grewAt = now
    if (bytes === 0 || state === 'waits') this.#beganAt = undefined
    else if (state === 'new' || this.#beganAt === undefined) {
      this.#beganAt = now
      this.#grewAt = now
    }
    const before = this.#bytes
    this.#bytes = bytes
    this.#all.change(before, bytes)
  }

  /** Why the rest is not waited for any longer. */
  lateness(): MoraineError | undefined {
    if (this.#beganAt === undefined) return undefined
    const now = this.#monotonicMs()
    const isLate = now - this.#grewAt >= STALL_MS || now - this.#beganAt >= MESSAGE_MS
    if (!isLate) return undefined
    const text = `a message is not complete after ${humanDuration(now - this.#beganAt)}`
    return new MoraineError('timeout', `${text}, ${humanBytes(this.#bytes)} have come`)
  }

  end(): void {
    this.#all.change(this.#bytes, 0)
    this.#bytes = 0
    this.#beganAt = undefined
    this.#all.leave()
  }
}

/** Between two pieces of a message. */
const STALL_MS = 30_000
/** From its first byte to its last: the largest there is takes less at a megabyte a second. */
const MESSAGE_MS = 120_000
