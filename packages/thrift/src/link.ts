import type { Socket } from 'node:net'
import { MoraineError } from '@moraine/stdx/error'
import { type MessageHeader, readMessage } from './message.ts'
import type { ThriftReader } from './thrift-reader.ts'
import type { MessageStream, Transport } from './transport.ts'

/** A reply that arrived; the reader stands at its struct. */
export type Reply = { readonly header: MessageHeader; readonly reader: ThriftReader }

export type LinkOptions = {
  /** For messages, `host:port`. */
  readonly address: string
  readonly transport: Transport
  readonly stream: MessageStream
  readonly letsProcessEnd: boolean
  /** What to look at if it is lost before anything came back. */
  readonly ifSilent?: string
  readonly onLost: () => void
}

type Pending = { resolve(reply: Reply): void; reject(error: unknown): void }

/** A socket and the calls that wait for its replies. */
export class Link {
  readonly #socket: Socket
  readonly #options: LinkOptions
  readonly #pending = new Map<number, Pending>()
  #received = 0

  constructor(socket: Socket, options: LinkOptions) {
    this.#socket = socket
    this.#options = options
    if (options.letsProcessEnd) socket.unref()
    socket.on('data', (chunk: Buffer) => this.#receive(chunk))
    socket.on('error', (cause) => this.lose(this.#lost(cause)))
    socket.on('close', () => this.lose(this.#lost(undefined)))
    socket.resume()
  }

  exchange(sequenceId: number, message: Uint8Array, signal: AbortSignal): Promise<Reply> {
    if (this.#socket.destroyed) throw this.#lost(undefined, { unsent: true })
    return new Promise((resolve, reject) => {
      const receivedBefore = this.#received
      const onAbort = () => {
        this.#settled(sequenceId)
        reject(signal.reason as Error)
        // Nothing at all has come back: the peer may be gone without a word, and the next call must not wait for it too.
        const isTimeout = signal.reason instanceof MoraineError && signal.reason.kind === 'timeout'
        if (isTimeout && this.#received === receivedBefore) this.lose(this.#lost(undefined))
      }
      if (signal.aborted) {
        onAbort()
        return
      }
      signal.addEventListener('abort', onAbort, { once: true })
      const settle = () => signal.removeEventListener('abort', onAbort)
      this.#pending.set(sequenceId, {
        resolve: (reply) => {
          settle()
          resolve(reply)
        },
        reject: (error) => {
          settle()
          reject(error as Error)
        },
      })
      this.#socket.ref()
      this.#socket.write(this.#options.stream.encode(message))
    })
  }

  lose(error: MoraineError): void {
    this.#options.onLost()
    this.#socket.destroy()
    const pending = [...this.#pending.values()]
    this.#pending.clear()
    for (const call of pending) call.reject(error)
  }

  #receive(chunk: Buffer): void {
    this.#received += chunk.length
    try {
      this.#options.stream.push(chunk)
      for (let message = this.#options.stream.next(); message !== undefined; message = this.#options.stream.next()) {
        const reply = readMessage(message)
        // A reply that nobody waits for belongs to a call that was given up.
        const call = this.#pending.get(reply.header.sequenceId)
        this.#settled(reply.header.sequenceId)
        call?.resolve(reply)
      }
    } catch (cause) {
      this.lose(
        new MoraineError('corrupt', `${this.#options.address} does not answer in ${this.#options.transport} Thrift`, {
          cause,
        }),
      )
    }
  }

  #settled(sequenceId: number): void {
    this.#pending.delete(sequenceId)
    if (this.#pending.size === 0 && this.#options.letsProcessEnd) this.#socket.unref()
  }

  #lost(cause: Error | undefined, context: { readonly unsent?: boolean } = {}): MoraineError {
    const { address, ifSilent } = this.#options
    const hint = ifSilent === undefined || this.#received > 0 ? '' : `; ${ifSilent}`
    const message = `the connection to ${address} was lost; whether calls under way were carried out is unknown${hint}`
    return new MoraineError('unavailable', message, { cause, context })
  }
}
