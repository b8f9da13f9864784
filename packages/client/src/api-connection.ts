import { ERROR_CODES } from '@moraine/api/error-codes'
import { envelope, errorEnvelope } from '@moraine/api/rest/envelope'
import type { Clock } from '@moraine/stdx/clock'
import { withinDeadline } from '@moraine/stdx/deadline'
import { type ErrorKind, MoraineError } from '@moraine/stdx/error'
import { formatExactJson, type JsonValue, parseExactJson } from '@moraine/stdx/exact-json'
import { type Static, type TSchema, Type } from 'typebox'
import { Check, Errors } from 'typebox/value'

/** How requests to the service sign in. Never to be shown. */
export type ApiCredentials =
  | { readonly kind: 'none' }
  | { readonly kind: 'bearer'; readonly token: string }
  | { readonly kind: 'basic'; readonly user: string; readonly password: string }

export type ApiConnection = {
  /** Of the service, as {@link serverAddress} gives it. */
  readonly server: string
  readonly credentials: ApiCredentials
  readonly clock: Pick<Clock, 'sleep'>
  /** For whoever is not signed in: how that is done here. */
  readonly signIn?: string
  /** The runtime's by default. */
  readonly fetch?: typeof fetch
}

export type ApiRequest<T extends TSchema> = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Below the API's root, its parts encoded: `/catalogs/far`. */
  readonly path: string
  readonly query?: Readonly<Record<string, string | undefined>>
  readonly body?: object
  /** What the envelope has to hold. */
  readonly result: T
}

/**
 * An address without a slash at its end.
 *
 * @throws {MoraineError} `invalid-input` if it is no http or https URL, or has a password in it
 */
export function serverAddress(text: string): string {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) {
    throw new MoraineError('invalid-input', `the server ${text}: write a URL, such as http://127.0.0.1:1630`)
  }
  const { username, password, search, hash } = new URL(text)
  if (username === '' && password === '' && search === '' && hash === '') return text.replace(/\/+$/, '')
  throw new MoraineError(
    'invalid-input',
    "the server's URL has a host, a port and a path, and nothing else: no password",
  )
}

/**
 * The result of one call of the API.
 *
 * @throws {MoraineError} of the kind that the service says; `unavailable` or `timeout` without an answer; `corrupt` for
 * an answer that is not the API's
 */
export async function callApi<T extends TSchema>(
  connection: ApiConnection,
  request: ApiRequest<T>,
  signal?: AbortSignal,
): Promise<Static<T>> {
  const url = new URL(`${connection.server}/api/ams/v1${request.path}`)
  for (const [key, value] of Object.entries(request.query ?? {})) {
    if (value !== undefined) url.searchParams.set(key, value)
  }
  const what = `${request.method} ${url.origin}${url.pathname}`
  const limit = { ms: TIMEOUT_MS, what, remedy: 'look at the log of the service', signal }
  const { status, text } = await withinDeadline(connection.clock, limit, (inner) =>
    exchange(connection, url, request, inner),
  )
  if (status < 200 || status > 299) throw failureOf(what, { status, text }, connection)
  return resultOf(request.result, parsed(text, what), what)
}

const SIGN_IN = 'sign in with a token, or with user and password'

/** A test of a catalog may take ten seconds for each of its steps. */
const TIMEOUT_MS = 90_000

type Answer = { readonly status: number; readonly text: string }

async function exchange(
  { server, credentials, fetch: send = fetch }: ApiConnection,
  url: URL,
  { method, body }: Pick<ApiRequest<TSchema>, 'method' | 'body'>,
  signal: AbortSignal,
): Promise<Answer> {
  const headers = {
    accept: 'application/json',
    ...(body !== undefined && { 'content-type': 'application/json' }),
    ...authorization(credentials),
  }
  try {
    // What signs in here goes nowhere else.
    const init: RequestInit = { method, headers, redirect: 'manual', signal }
    const answer = await send(url, { ...init, ...(body !== undefined && { body: formatExactJson(body) }) })
    return { status: answer.status, text: await answer.text() }
  } catch (cause) {
    signal.throwIfAborted()
    throw new MoraineError('unavailable', `${server} does not answer; see that the service runs there`, { cause })
  }
}

function authorization(credentials: ApiCredentials): { readonly authorization?: string } {
  switch (credentials.kind) {
    case 'none':
      return {}
    case 'bearer':
      return { authorization: `Bearer ${credentials.token}` }
    case 'basic': {
      const bytes = new TextEncoder().encode(`${credentials.user}:${credentials.password}`)
      return { authorization: `Basic ${btoa(String.fromCodePoint(...bytes))}` }
    }
  }
}

function parsed(text: string, what: string): JsonValue {
  try {
    return parseExactJson(text, `the answer to ${what}`)
  } catch (cause) {
    throw new MoraineError('corrupt', `the answer to ${what} is no JSON; ${NOT_MORAINE}`, { cause })
  }
}

function resultOf<T extends TSchema>(schema: T, json: JsonValue, what: string): Static<T> {
  if (!Check(anyEnvelope, json)) {
    throw new MoraineError('corrupt', `the answer to ${what} has no result; ${NOT_MORAINE}`)
  }
  const { result } = json
  if (Check(schema, result)) return result
  const [wrong] = Errors(schema, result)
  const place = wrong === undefined ? '' : `: result${wrong.instancePath.replaceAll('/', '.')} ${wrong.message}`
  throw new MoraineError('corrupt', `the answer to ${what} is not what its route promises${place}`)
}

const anyEnvelope = envelope(Type.Unknown())
const NOT_MORAINE = 'see that a service of Moraine listens there'

/** The failure as the service tells it, or as the status does where something else answered. */
function failureOf(what: string, { status, text }: Answer, { signIn = SIGN_IN }: ApiConnection): MoraineError {
  const told = errorTold(text)
  const remedy = status === 401 ? `; ${signIn}` : ''
  if (told !== undefined) {
    const kind = isErrorKind(told.kind) ? told.kind : kindOfStatus(status)
    return new MoraineError(kind, `${told.message}${remedy}`, { context: { requestId: told.requestId } })
  }
  return new MoraineError(
    kindOfStatus(status),
    `${what} answered ${status}${remedy === '' ? `; ${NOT_MORAINE}` : remedy}`,
  )
}

function errorTold(text: string) {
  try {
    const json: unknown = JSON.parse(text)
    return Check(errorEnvelope, json) ? json : undefined
  } catch {
    return undefined
  }
}

function isErrorKind(text: string): text is ErrorKind {
  return Object.hasOwn(ERROR_CODES, text)
}

function kindOfStatus(status: number): ErrorKind {
  const known = KINDS.get(status)
  if (known !== undefined) return known
  return status >= 500 || status < 400 ? 'unavailable' : 'invalid-input'
}

/** Where several kinds have one status, the one that claims least; and what only others answer with. */
const KINDS: ReadonlyMap<number, ErrorKind> = new Map<number, ErrorKind>([
  ...Object.entries(ERROR_CODES).map(([kind, { http }]) => [http, kind as ErrorKind] as const),
  [ERROR_CODES.conflict.http, 'conflict'],
  [ERROR_CODES.unavailable.http, 'unavailable'],
  [ERROR_CODES.internal.http, 'internal'],
  [408, 'timeout'],
  [429, 'unavailable'],
])
