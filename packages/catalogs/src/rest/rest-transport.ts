import { addressForMessages } from '@moraine/stdx/address-for-messages'
import type { Clock } from '@moraine/stdx/clock'
import { withinDeadline } from '@moraine/stdx/deadline'
import { MoraineError } from '@moraine/stdx/error'
import { formatExactJson, type JsonObject, type JsonValue, parseExactJson } from '@moraine/stdx/exact-json'
import { innermostFailure, networkFailureText } from '@moraine/stdx/network-failure'
import { readTlsProblem, type TlsProblem } from '@moraine/thrift/tls-problem'
import type { SignRequest } from '../aws/aws-signer.ts'
import { parseRetryAfter } from './retry-after.ts'

export type RestRequest = {
  readonly method: 'GET' | 'POST' | 'DELETE' | 'HEAD'
  /** Under the catalog's base URI, each part encoded, without a leading slash. */
  readonly path: string
  readonly query?: Readonly<Record<string, string | undefined>>
  readonly headers?: Readonly<Record<string, string>>
  /** Of the table that the request is about, in place of the catalog's. */
  readonly token?: string
  readonly body?: JsonObject
}

export type RestResponse = {
  readonly status: number
  readonly etag?: string
  /** How long the server wants to be left alone. */
  readonly retryAfterMs?: number
  /** Absent if the body is empty or is no JSON. */
  readonly json?: JsonValue
  /** For messages: method and URL, without query and user. */
  readonly what: string
}

/**
 * Sends one request and returns the answer, whatever its status. No answer is `unavailable`, or `timeout` after the
 * deadline, or `aborted` with the signal; an answer beyond the size limit is `corrupt`.
 */
export type RestTransport = (request: RestRequest, signal?: AbortSignal) => Promise<RestResponse>

export type TransportOptions = {
  /** Without a trailing slash. */
  readonly uri: string
  readonly headers: Readonly<Record<string, string>>
  readonly fetch: typeof fetch
  readonly clock: Clock
  readonly timeoutMs: number
  /** Of servers behind AWS. */
  readonly sign?: SignRequest
}

/** Whether a request failed for want of a token or a signature: the server has not had it. */
export function isUnsentRequest(error: MoraineError): boolean {
  return error.context['unsent'] === true
}

/** What a request needs before it is sent; its failures are those of {@link isUnsentRequest}. */
export async function beforeSending<T>(prepare: () => Promise<T>): Promise<T> {
  try {
    return await prepare()
  } catch (cause) {
    if (!(cause instanceof MoraineError)) throw cause
    throw new MoraineError(cause.kind, cause.message, {
      cause: cause.cause,
      context: { ...cause.context, unsent: true },
    })
  }
}

export function restTransport(options: TransportOptions): RestTransport {
  return async (request, signal) => {
    const url = new URL(`${options.uri}/${request.path}`)
    const what = `${request.method} ${addressForMessages(url.href)}`
    for (const [key, value] of Object.entries(request.query ?? {})) {
      if (value !== undefined) url.searchParams.set(key, value)
    }
    const body = request.body === undefined ? undefined : formatExactJson(request.body)
    if (options.sign !== undefined) url.search = canonicalQuery(url.search)
    const headers = {
      accept: 'application/json',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...options.headers,
      ...request.headers,
    }
    const { sign = async () => headers } = options
    const unsigned = { method: request.method, url, headers, ...(body === undefined ? {} : { body }) }
    const init: RequestInit = {
      method: request.method,
      headers: await beforeSending(() => sign(unsigned)),
      // A POST that was redirected would arrive as a GET.
      redirect: 'manual',
      ...(body === undefined ? {} : { body }),
    }
    return exchange(url, init, what, options, signal)
  }
}

/** The query as a signature counts it: all but unreserved characters encoded (RFC 3986), where forms do otherwise. */
function canonicalQuery(search: string): string {
  return search.replaceAll('+', '%20').replaceAll('*', '%2A').replaceAll('%7E', '~')
}

/** Sends a form, as OAuth2 servers want it, to an absolute URI. */
export function postForm(
  uri: string,
  form: Readonly<Record<string, string>>,
  options: Pick<TransportOptions, 'fetch' | 'clock' | 'timeoutMs'>,
  signal?: AbortSignal,
): Promise<RestResponse> {
  const body = new URLSearchParams(form).toString()
  const headers = { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' }
  const init: RequestInit = { method: 'POST', headers, body, redirect: 'manual' }
  return exchange(new URL(uri), init, `POST ${addressForMessages(uri)}`, options, signal)
}

function exchange(
  url: URL,
  init: RequestInit,
  what: string,
  { fetch: send, clock, timeoutMs }: Pick<TransportOptions, 'fetch' | 'clock' | 'timeoutMs'>,
  signal: AbortSignal | undefined,
): Promise<RestResponse> {
  const run = async (either: AbortSignal): Promise<RestResponse> => {
    try {
      const response = await send(url, { ...init, signal: either })
      const text = await readText(response, what)
      const etag = response.headers.get('etag')
      const retryAfterMs = parseRetryAfter(response.headers.get('retry-after'), clock)
      return {
        status: response.status,
        what,
        ...(etag === null ? {} : { etag }),
        ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
        ...parsedBody(text, response, what),
      }
    } catch (cause) {
      if (cause instanceof MoraineError) throw cause
      throw noAnswer(what, cause)
    }
  }
  return withinDeadline(clock, { ms: timeoutMs, what, remedy: 'check the catalog and the network', signal }, run)
}

/** With the cause in the message itself: that is all that a client of the service is told. */
function noAnswer(what: string, error: unknown): MoraineError {
  const cause = innermostFailure(error)
  const tls = readTlsProblem(cause)
  const isOfTls = tls !== undefined && tls.problem !== 'broken-off'
  const why = isOfTls ? `${tls.text}${TLS_REMEDY[tls.problem] ?? ''}` : networkFailureText(cause)
  // What OpenSSL says of it are places in its code.
  const origin = isOfTls ? {} : { cause }
  return new MoraineError('unavailable', `${what} got no answer: ${why}; check the uri and the network`, origin)
}

const TLS_REMEDY: Readonly<Partial<Record<TlsProblem, string>>> = {
  'no-tls': ': is http: meant?',
  untrusted: ': name the file of its authority in NODE_EXTRA_CA_CERTS of the service',
}

function parsedBody(text: string, response: Response, what: string): { json?: JsonValue } {
  if (text === '' || response.headers.get('content-type')?.includes('json') !== true) return {}
  try {
    return { json: parseExactJson(text, `the answer to ${what}`) }
  } catch (error) {
    // What counts of a failure is its status; proxies send error pages under any name.
    if (response.ok) throw error
    return {}
  }
}

async function readText(response: Response, what: string): Promise<string> {
  if (response.body === null) return ''
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  for await (const chunk of response.body) {
    bytes += chunk.byteLength
    if (bytes > ANSWER_BYTES_MAX) {
      throw new MoraineError('corrupt', `the answer to ${what} is larger than ${ANSWER_BYTES_MAX} bytes`)
    }
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}

/** Metadata of 10,000 snapshots is 8 MB. */
const ANSWER_BYTES_MAX = 256 * 1024 * 1024
