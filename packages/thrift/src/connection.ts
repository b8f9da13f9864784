import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Clock } from '@moraine/stdx/clock'
import { isKind, MoraineError } from '@moraine/stdx/error'
import { innermostFailure, networkFailureText } from '@moraine/stdx/network-failure'
import { Link, type Reply } from './link.ts'
import { type Protocol, writeMessage } from './message.ts'
import { negotiateSasl, type SaslMechanism } from './sasl.ts'
import { type DigestCredentials, saslDigest } from './sasl-digest.ts'
import { type PlainCredentials, saslPlain } from './sasl-plain.ts'
import type { ThriftWriter } from './thrift-writer.ts'
import { readTlsProblem } from './tls-problem.ts'
import { insideSaslFrames, type MessageStream, messageStream, type Transport } from './transport.ts'

export type SaslCredentials = PlainCredentials | DigestCredentials

export type ThriftConnectionOptions = {
  readonly host: string
  readonly port: number
  readonly clock: Clock
  /** With TLS; its certificate is checked against `ca` (PEM), by default those that Node trusts. */
  readonly tls?: { readonly ca?: string }
  readonly sasl?: SaslCredentials
  /** For connecting, TLS and SASL together; by default as long as the call may take. */
  readonly connectTimeoutMs?: number
  readonly protocol?: Protocol
  /** `framed` by default. */
  readonly transport?: Transport
  /** For each call, connecting included; 30 seconds by default. */
  readonly callTimeoutMs?: number
  /** 100 MiB by default. */
  readonly maxFrameBytes?: number
  /** Lets the process end while the connection is open and no call is under way. */
  readonly letsProcessEnd?: boolean
}

export type CallOptions = { readonly timeoutMs?: number; readonly signal?: AbortSignal | undefined }

/**
 * One connection to a server, opened by the first call and again by the first call after it was lost. Calls do
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
   * @throws {MoraineError} `timeout`; `unavailable` if there is no connection or it is lost (`isUnsent` tells whether
   * anything was sent); `permission`; `corrupt` if what comes back is no Thrift. An aborted call throws its signal's reason.
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
    return await link.exchange(sequenceId, message, signal)
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

/** Whether a call failed before anything of it was sent: making it again cannot do anything twice. */
export function isUnsent(error: unknown): boolean {
  return isKind(error, 'unavailable') && error.context['unsent'] === true
}

async function openLink(options: ThriftConnectionOptions, closing: AbortSignal, onLost: () => void): Promise<Link> {
  try {
    const socket = await openSocket(options, closing)
    const { host, port, transport = 'framed', letsProcessEnd = false } = options
    const stream = streamOf(transport, options)
    const isPlain = options.sasl === undefined && options.tls === undefined
    const ifSilent = isPlain ? { ifSilent: 'it has said nothing: does it expect SASL, or TLS?' } : {}
    return new Link(socket, { address: `${host}:${port}`, transport, stream, letsProcessEnd, onLost, ...ifSilent })
  } catch (error) {
    onLost()
    throw error
  }
}

function streamOf(transport: Transport, options: ThriftConnectionOptions): MessageStream {
  const { maxFrameBytes = 100 * 1024 * 1024, sasl } = options
  const stream = messageStream(transport, maxFrameBytes)
  return sasl === undefined ? stream : insideSaslFrames(stream, maxFrameBytes)
}

/** A socket that is ready for the first message. It is paused after SASL. */
async function openSocket(options: ThriftConnectionOptions, closing: AbortSignal): Promise<Socket> {
  const { host, port, clock, connectTimeoutMs } = options
  const socket = options.tls === undefined ? connect({ host, port }) : connectTls({ host, port, ...options.tls })
  socket.setNoDelay(true).setKeepAlive(true)
  const stop = () => socket.destroy(new Error('closed while connecting'))
  closing.addEventListener('abort', stop, { once: true })
  const ready = new AbortController()
  if (connectTimeoutMs !== undefined) {
    clock.sleep(connectTimeoutMs, ready.signal).then(
      () => socket.destroy(new Error(`not connected within ${connectTimeoutMs} ms`)),
      () => undefined,
    )
  }
  try {
    await whenConnected(socket, options.tls === undefined ? 'connect' : 'secureConnect')
    const { sasl } = options
    if (sasl !== undefined) await negotiateSasl(socket, mechanismOf(sasl), `${host}:${port}`)
    return socket
  } catch (cause) {
    socket.destroy()
    if (isKind(cause, 'permission') || isKind(cause, 'unsupported')) throw cause
    throw cannotConnect(options, cause)
  } finally {
    ready.abort()
    closing.removeEventListener('abort', stop)
  }
}

function mechanismOf(sasl: SaslCredentials): SaslMechanism {
  return 'mechanism' in sasl ? saslDigest(sasl) : saslPlain(sasl)
}

function cannotConnect({ host, port, tls }: ThriftConnectionOptions, cause: unknown): MoraineError {
  const found = tls === undefined ? undefined : readTlsProblem(cause)
  const message = `cannot connect to ${host}:${port}`
  if (found === undefined) {
    const failure = innermostFailure(cause)
    const context = { unsent: true }
    return new MoraineError('unavailable', `${message}: ${networkFailureText(failure)}`, { cause: failure, context })
  }
  // What OpenSSL and Node say of it are places in their code, and remedies that are none here.
  const context = { unsent: true, tls: found.problem }
  return new MoraineError('unavailable', `${message} with TLS: ${found.text}`, { context })
}

function whenConnected(socket: Socket, event: 'connect' | 'secureConnect'): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (cause: Error) => reject(cause)
    socket.once('error', onError)
    socket.once(event, () => {
      socket.off('error', onError)
      resolve()
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
