import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { Arrival, type Arrivals } from './arrival.ts'
import type { CallFailure } from './call-failure.ts'
import { type BoundService, dispatchMessage } from './dispatch.ts'
import { peerOf } from './handshakes.ts'
import { type MessageStream, messageStream, type Transport } from './transport.ts'

export type ServerConnectionOptions = {
  readonly services: readonly BoundService[]
  readonly transport: Transport
  readonly maxFrameBytes: number
  readonly maxCalls: number
  readonly arrivals: Arrivals
  readonly monotonicMs: () => number
  readonly onFailure: (failure: CallFailure) => void
}

/** One client of a server: cuts messages, answers calls side by side, and stops reading while too much is under way. */
export class ServerConnection {
  readonly peer: string
  /** Settles when the socket is closed. */
  readonly closed: Promise<void>

  readonly #socket: Socket
  readonly #options: ServerConnectionOptions
  readonly #stream: MessageStream
  readonly #arrival: Arrival
  readonly #gone = new AbortController()
  #calls = 0
  #isDraining = false
  #isStopping = false
  #activeAt: number
  #beganAsTls: boolean | undefined

  constructor(socket: Socket, options: ServerConnectionOptions) {
    this.#socket = socket
    this.#options = options
    this.#stream = messageStream(options.transport, options.maxFrameBytes)
    this.#arrival = new Arrival(options.arrivals, options.monotonicMs)
    this.#activeAt = options.monotonicMs()
    this.peer = peerOf(socket)
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => {
      this.#beganAsTls ??= chunk[0] === TLS_HANDSHAKE && !(socket instanceof TLSSocket)
      this.#stream.push(chunk)
      this.#startCalls()
    })
    socket.on('drain', () => {
      this.#isDraining = false
      this.#startCalls()
    })
    // A client that goes away is no failure of the server; `close` follows.
    socket.on('error', () => undefined)
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        this.#gone.abort()
        this.#arrival.end()
        resolve()
      })
    })
  }

  /** Since when no message has been completed or answered; a call being answered counts as activity. */
  idleMs(): number {
    const isWorking = this.#calls > 0 && !this.#isDraining
    return isWorking ? 0 : this.#options.monotonicMs() - this.#activeAt
  }

  /** Takes no further calls and closes once those under way are answered. */
  stop(): void {
    this.#isStopping = true
    this.#socket.pause()
    if (this.#calls === 0) this.#socket.end(() => this.#socket.destroy())
  }

  destroy(): void {
    this.#socket.destroy()
  }

  /** The rest of a message that has begun is not waited for as long as for another one. */
  refuseIfLate(): void {
    const lateness = this.#arrival.lateness()
    if (lateness !== undefined) this.#refuse(lateness)
  }

  #startCalls(): void {
    if (this.#socket.destroyed) return
    let state: 'new' | 'same' = 'same'
    try {
      while (this.#calls < this.#options.maxCalls && !this.#isDraining && !this.#isStopping) {
        const message = this.#stream.next()
        if (message === undefined) {
          this.#arrival.note(this.#stream.keptBytes(), state)
          this.#socket.resume()
          return
        }
        state = 'new'
        this.#activeAt = this.#options.monotonicMs()
        this.#calls += 1
        void this.#answer(message)
      }
      this.#arrival.note(this.#stream.keptBytes(), 'waits')
      this.#socket.pause()
    } catch (error) {
      this.#refuse(error)
    }
  }

  async #answer(message: Uint8Array): Promise<void> {
    const { services, maxFrameBytes, onFailure } = this.#options
    try {
      const answer = await dispatchMessage(
        message,
        services,
        { signal: this.#gone.signal, peer: this.peer },
        maxFrameBytes,
      )
      if (answer.failure !== undefined) onFailure(answer.failure)
      if (this.#socket.writable && !this.#socket.write(this.#stream.encode(answer.reply))) this.#isDraining = true
      if (answer.mustClose) this.stop()
    } catch (error) {
      this.#refuse(error)
    }
    this.#activeAt = this.#options.monotonicMs()
    this.#calls -= 1
    if (this.#isStopping) this.stop()
    else this.#startCalls()
  }

  // What cannot be read cannot be answered; other connections are not concerned.
  #refuse(error: unknown): void {
    const mistaken = this.#beganAsTls === true ? ({ handshake: 'tls-at-plain-port' } as const) : {}
    this.#options.onFailure({ name: 'connection', peer: this.peer, error, ...mistaken })
    this.#socket.destroy()
  }
}

/** The first byte of a TLS client; of a frame it would be the length of one of hundreds of megabytes. */
const TLS_HANDSHAKE = 0x16
