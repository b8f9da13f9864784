import { connect, type Socket } from 'node:net'
import type { Clock } from '@moraine/stdx/clock'
import { MoraineError } from '@moraine/stdx/error'
import { encodeFrame, FrameDecoder } from './frame.ts'
import { type MessageHeader, type Protocol, readMessage, writeMessage } from './message.ts'
import type { ThriftReader } from './thrift-reader.ts'
import type { ThriftWriter } from './thrift-writer.ts'

export type ThriftConnectionOptions = {
  readonly host: string
  readonly port: number
  readonly clock: Clock
  readonly protocol?: Protocol
  /** For each call, connecting included; 30 seconds by default. */
  readonly callTimeoutMs?: number
  /** 100 MiB by default. */
  readonly maxFrameBytes?: number
}

export type CallOptions = { readonly timeoutMs?: number; readonly signal?: AbortSignal | undefined }

/** A reply that arrived; the reader stands at its struct. */
export type Reply = { readonly header: MessageHeader; readonly reader: ThriftReader }

/**
 * One framed connection to a server, opened by the first call and again by the first call after it was lost. Calls do
 * not wait for each other; replies find theirs by sequence id. A call that was lost with its connection is not made
 * again here: whether it was carried out is unknown.
 */
export class ThriftConnection {
  readonly #options: ThriftConnectionOptions
  #link: Promise<Link> | undefined
  readonly #closing = new AbortController()
  #nextId = 1

  constructor(options: ThriftConnectionOptions) {
    this.#options = options
  }

  /**
   * Sends a call and waits for its reply.
   *
   * @throws {MoraineError} `timeout`; `unavailable` if there is no connection or it is lost; `corrupt` if what comes back
   * is no Thrift. An aborted call throws its signal's reason.
   */
  async call(name: string, body: (writer: ThriftWriter) => void, options: CallOptions = {}): Promise<Reply> {
    if (this.#closing.signal.aborted)
      throw new MoraineError('aborted', `the connection to ${this.#address()} was closed`)
    options.signal?.throwIfAborted()
    const { clock, callTimeoutMs = 30_000 } = this.#options
    const timeoutMs = options.timeoutMs ?? callTimeoutMs
    const done = new AbortController()
    const timedOut = new AbortController()
    clock.sleep(timeoutMs, done.signal).then(
      () =>
        timedOut.abort(new MoraineError('timeout', `${name} at ${this.#address()} gave no answer in ${timeoutMs} ms`)),
      () => undefined,
    )
    const signal = options.signal === undefined ? timedOut.signal : AbortSignal.any([options.signal, timedOut.signal])
    try {
      return await this.#exchange(name, body, signal)
    } finally {
      done.abort()
    }
  }

  /** Ends the connection for good; calls under way fail. */
  async close(): Promise<void> {
    this.#closing.abort()
    const link = await this.#link?.catch(() => undefined)
    link?.lose(new MoraineError('aborted', `the connection to ${this.#address()} was closed`))
  }

  async #exchange(name: string, body: (writer: ThriftWriter) => void, signal: AbortSignal): Promise<Reply> {
    const sequenceId = this.#nextId
    this.#nextId = this.#nextId === 0x7fffffff ? 1 : this.#nextId + 1
    const protocol = this.#options.protocol ?? 'binary'
    const message = writeMessage({ protocol, type: 'call', name, sequenceId }, body)
    const link = await unlessAborted(this.#open(), signal)
    return await link.exchange(sequenceId, encodeFrame(message), signal)
  }

  #open(): Promise<Link> {
    if (this.#link !== undefined) return this.#link
    const opening = openLink(this.#options, this.#closing.signal, () => {
      if (this.#link === opening) this.#link = undefined
    })
    this.#link = opening
    return opening
  }

  #address(): string {
    return `${this.#options.host}:${this.#options.port}`
  }
}

type Pending = { resolve(reply: Reply): void; reject(error: unknown): void }

/** A socket and the calls that wait for its replies. */
class Link {
  readonly #socket: Socket
  readonly #address: string
  readonly #decoder: FrameDecoder
  readonly #pending = new Map<number, Pending>()
  readonly #onLost: () => void
  #received = 0

  constructor(socket: Socket, options: ThriftConnectionOptions, onLost: () => void) {
    this.#socket = socket
    this.#address = `${options.host}:${options.port}`
    this.#decoder = new FrameDecoder(options.maxFrameBytes ?? 100 * 1024 * 1024)
    this.#onLost = onLost
    socket.on('data', (chunk: Buffer) => this.#receive(chunk))
    socket.on('error', (cause) => this.lose(this.#lost(cause)))
    socket.on('close', () => this.lose(this.#lost(undefined)))
  }

  exchange(sequenceId: number, frame: Uint8Array, signal: AbortSignal): Promise<Reply> {
    if (this.#socket.destroyed) throw this.#lost(undefined)
    return new Promise((resolve, reject) => {
      const receivedBefore = this.#received
      const onAbort = () => {
        this.#pending.delete(sequenceId)
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
      this.#socket.write(frame)
    })
  }

  lose(error: MoraineError): void {
    this.#onLost()
    this.#socket.destroy()
    const pending = [...this.#pending.values()]
    this.#pending.clear()
    for (const call of pending) call.reject(error)
  }

  #receive(chunk: Buffer): void {
    this.#received += chunk.length
    try {
      this.#decoder.push(chunk)
      for (let message = this.#decoder.next(); message !== undefined; message = this.#decoder.next()) {
        const reply = readMessage(message)
        // A reply that nobody waits for belongs to a call that was given up.
        const call = this.#pending.get(reply.header.sequenceId)
        this.#pending.delete(reply.header.sequenceId)
        call?.resolve(reply)
      }
    } catch (cause) {
      this.lose(new MoraineError('corrupt', `${this.#address} does not answer in framed Thrift`, { cause }))
    }
  }

  #lost(cause: Error | undefined): MoraineError {
    const message = `the connection to ${this.#address} was lost; whether calls under way were carried out is unknown`
    return new MoraineError('unavailable', message, { cause })
  }
}

function openLink(options: ThriftConnectionOptions, closing: AbortSignal, onLost: () => void): Promise<Link> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: options.host, port: options.port, noDelay: true, keepAlive: true })
    const stop = () => socket.destroy(new Error('closed while connecting'))
    closing.addEventListener('abort', stop, { once: true })
    const onError = (cause: Error) => {
      closing.removeEventListener('abort', stop)
      onLost()
      reject(new MoraineError('unavailable', `cannot connect to ${options.host}:${options.port}`, { cause }))
    }
    socket.once('error', onError)
    socket.once('connect', () => {
      closing.removeEventListener('abort', stop)
      socket.off('error', onError)
      resolve(new Link(socket, options, onLost))
    })
  })
}

function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason as Error)
    if (signal.aborted) return onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}
