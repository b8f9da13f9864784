import {
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
} from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { checkAborted } from '@moraine/stdx/abort'
import type { Clock } from '@moraine/stdx/clock'
import { MoraineError } from '@moraine/stdx/error'
import { errnoOf } from './local-error.ts'

/** One HTTP answer. A body that the server cut short is never one: that is a failure of the exchange. */
export type HttpAnswer = {
  readonly status: number
  readonly header: (name: string) => string | undefined
  readonly body: Uint8Array
  /** Whether the server said how long the body is, or where it ends. If not, one cut short looks whole. */
  readonly isDelimited: boolean
}

export type HttpCall = {
  readonly method: 'GET' | 'PUT' | 'DELETE'
  readonly url: URL
  /** For messages: what is done to which location. The URL is not shown, since its query may hold a token. */
  readonly doing: string
  /** An answer of more bytes is given up as `corrupt`. */
  readonly answerBytesMax: number
  readonly signal?: AbortSignal | undefined
}

/** A request whose body is sent piece by piece. */
export type HttpUpload = {
  /**
   * Resolves to nothing when the server wants the body, and to its answer if it has one already. A server that says
   * neither gets the body after some seconds.
   */
  readonly wanted: Promise<HttpAnswer | undefined>
  /** Resolves when the bytes are no longer needed; to the answer, if the server gave one before the body's end. */
  write(bytes: Uint8Array): Promise<HttpAnswer | undefined>
  /** Ends the body. */
  finish(): Promise<HttpAnswer>
  /** Ends the connection. */
  destroy(): void
}

/**
 * One request and its answer, whatever its status; redirects are answers. `node:http`, because data nodes of HDFS say
 * `100 Continue` unasked, which `fetch` takes for a broken answer.
 *
 * @throws {MoraineError} `unavailable` (its context `sent` is false if the request cannot have reached the server), `corrupt`
 * for too long an answer, or what the signal says
 */
export async function exchange(call: HttpCall): Promise<HttpAnswer> {
  const { request, answer } = startRequest(call, call.method === 'PUT' ? { 'content-length': 0 } : {})
  request.end()
  return answer
}

/**
 * Starts a PUT with a body, of `sizeBytes` if that is known. It is asked for first, so that a refusal is heard: on a
 * connection that is closed while bytes are sent it would be lost.
 */
export function startUpload(call: HttpCall, clock: Pick<Clock, 'sleep'>, sizeBytes?: number): HttpUpload {
  const length = sizeBytes === undefined ? {} : { 'content-length': sizeBytes }
  const { request, answer } = startRequest(call, { ...UPLOAD_HEADERS, ...length })
  let early: HttpAnswer | undefined
  const heard = answer.then((given) => {
    early = given
    return given
  })
  const done = new AbortController()
  const said = new Promise<undefined>((resolve) => request.once('continue', () => resolve(undefined)))
  const unsaid = clock.sleep(UNSAID_MS, done.signal).then(() => undefined)
  const wanted = Promise.race([heard, said, unsaid]).finally(() => done.abort(SAID))
  for (const promise of [heard, unsaid, wanted]) promise.catch(() => {}) // whoever waits for it hears it
  request.flushHeaders()
  return {
    wanted,
    finish: () => {
      request.end()
      return answer
    },
    destroy: () => request.destroy(),
    write: (bytes) =>
      new Promise((resolve, reject) => {
        // Node calls back once the system has taken the bytes: that is what holds a fast writer back.
        request.write(bytes, (error) => {
          if (error === null || error === undefined) resolve(early)
          else answer.then(resolve, reject)
        })
      }),
  }
}

const UPLOAD_HEADERS = { expect: '100-continue', 'content-type': 'application/octet-stream' } as const
const UNSAID_MS = 3_000
const SAID = new Error('said')

// Idle connections are given up before a server does, whose default is 10 s or more: a request must not meet that.
const AGENT = { keepAlive: true, timeout: 4_000, maxFreeSockets: 64 } as const
const HTTP = new HttpAgent(AGENT)
const HTTPS = new HttpsAgent(AGENT)

type Started = { readonly request: ClientRequest; readonly answer: Promise<HttpAnswer> }

function startRequest({ method, url, doing, answerBytesMax, signal }: HttpCall, headers: OutgoingHttpHeaders): Started {
  checkAborted(signal, doing)
  const isSecure = url.protocol === 'https:'
  const options = { method, agent: isSecure ? HTTPS : HTTP, headers }
  const request = isSecure ? httpsRequest(url, options) : httpRequest(url, options)
  const answer = new Promise<HttpAnswer>((resolve, reject) => {
    const fail = (cause: unknown) => reject(exchangeError(cause, doing, url, signal))
    let isAnswering = false
    // Who answers before the body's end may close the connection on the rest of it: the answer says why.
    request.on('error', (cause) => isAnswering || fail(cause))
    // A signal that outlives many requests must not gather their listeners.
    request.on('close', () => signal?.removeEventListener('abort', end))
    request.on('response', (response) => {
      isAnswering = true
      readBody(response, answerBytesMax, doing).then((body) => resolve(answerOf(response, body)), fail)
    })
    const end = () => request.destroy(new Error('aborted'))
    signal?.addEventListener('abort', end, { once: true })
  })
  return { request, answer }
}

function answerOf(response: IncomingMessage, body: Uint8Array): HttpAnswer {
  const { headers, statusCode = 0 } = response
  return {
    status: statusCode,
    body,
    header: (name) => {
      const value = headers[name]
      return Array.isArray(value) ? value.join(', ') : value
    },
    isDelimited: headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined,
  }
}

async function readBody(response: IncomingMessage, bytesMax: number, doing: string): Promise<Uint8Array> {
  const said = Number(response.headers['content-length'] ?? 0)
  const tooLong = () => new MoraineError('corrupt', `${doing} failed: the answer has more than ${bytesMax} bytes`)
  if (said > bytesMax) {
    response.destroy()
    throw tooLong()
  }
  const whole = allocate(said, doing)
  const more: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    // Node ends a body at the length that was said.
    if (said > 0) whole.set(chunk, sizeBytes)
    else more.push(chunk)
    sizeBytes += chunk.length
    if (sizeBytes > bytesMax) throw tooLong()
  }
  if (said > 0) return whole
  const joined = allocate(sizeBytes, doing)
  let at = 0
  for (const chunk of more) {
    joined.set(chunk, at)
    at += chunk.length
  }
  return joined
}

function allocate(sizeBytes: number, doing: string): Uint8Array {
  try {
    return new Uint8Array(Buffer.allocUnsafeSlow(sizeBytes).buffer)
  } catch (cause) {
    throw new MoraineError('exhausted', `${doing} failed: no memory for ${sizeBytes} bytes; read it by ranges`, {
      cause,
    })
  }
}

function exchangeError(cause: unknown, doing: string, url: URL, signal: AbortSignal | undefined): MoraineError {
  try {
    checkAborted(signal, doing)
  } catch (error) {
    if (error instanceof MoraineError) return error
  }
  if (cause instanceof MoraineError) return cause
  const code = errnoOf(cause)
  const text = code ?? (cause instanceof Error ? cause.message : String(cause))
  const sent = !UNSENT.has(code ?? '')
  const what = sent ? 'the connection was lost' : 'it cannot be reached; check the network and that it runs'
  return new MoraineError('unavailable', `${doing} failed: ${url.host}: ${what} (${text})`, {
    cause,
    context: { sent },
  })
}

const UNSENT: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
])
