import { isDeepStrictEqual } from 'node:util'
import { MoraineError } from '@moraine/stdx/error'
import { int32, optional, record, required, text } from '@moraine/stdx/exact-json-decode'
import { REFUSED_LOGIN } from './rest-answer.ts'
import {
  beforeSending,
  postForm,
  type RestRequest,
  type RestResponse,
  type RestTransport,
  type TransportOptions,
} from './rest-transport.ts'

export type RestCredentials =
  | { readonly kind: 'none' }
  | { readonly kind: 'bearer'; readonly token: string }
  | { readonly kind: 'basic'; readonly user: string; readonly password: string }
  | {
      readonly kind: 'client-credentials'
      readonly tokenUri: string
      readonly form: Readonly<Record<string, string>>
      /** Used until it ends or is refused. */
      readonly firstToken?: string
    }

/** Signed in to a catalog, for as long as it is used. */
export type RestSession = {
  readonly authorize: (transport: RestTransport) => RestTransport
  /** The same, on other terms: for the same client a token that was given is used on. */
  readonly continue: (credentials: RestCredentials, options: TokenOptions) => RestSession
}

type TokenOptions = Pick<TransportOptions, 'fetch' | 'clock' | 'timeoutMs'>

/** Adds the `Authorization` header to each request, and asks once more with a new token where one was refused. */
export function restSession(credentials: RestCredentials, options: TokenOptions, held?: Token): RestSession {
  if (credentials.kind !== 'client-credentials') {
    return { authorize: authorizing(credentials), continue: (other, then) => restSession(other, then) }
  }
  const tokens = clientCredentialTokens(credentials, options, held)
  return {
    authorize: (transport) => withTokens(transport, tokens),
    continue: (other, then) =>
      other.kind === 'client-credentials' && isDeepStrictEqual(clientOf(other), clientOf(credentials))
        ? restSession(other, then, tokens.held())
        : restSession(other, then),
  }
}

function clientOf({ form, firstToken }: ClientCredentials) {
  return { form, firstToken }
}

function authorizing(credentials: Exclude<RestCredentials, ClientCredentials>) {
  return (transport: RestTransport): RestTransport => {
    if (credentials.kind === 'none') return withTableToken(transport, transport)
    if (credentials.kind === 'basic') {
      const pair = Buffer.from(`${credentials.user}:${credentials.password}`).toString('base64')
      return (request, signal) => transport(withHeader(request, `Basic ${pair}`), signal)
    }
    const bearer = `Bearer ${credentials.token}`
    return withTableToken(transport, (request, signal) => transport(withHeader(request, bearer), signal))
  }
}

function withTokens(transport: RestTransport, tokens: Tokens): RestTransport {
  const send = (token: string, request: RestRequest, signal: AbortSignal | undefined) =>
    transport(withHeader(request, `Bearer ${token}`), signal)
  return withTableToken(transport, async (request, signal) => {
    const token = await beforeSending(() => tokens.current())
    const response = await send(token, request, signal)
    if (!isTokenRefused(response)) return response
    tokens.forget(token)
    return send(await beforeSending(() => tokens.current()), request, signal)
  })
}

/** A request about a table that has a token of its own goes with that one; with the catalog's if it is refused. */
function withTableToken(transport: RestTransport, otherwise: RestTransport): RestTransport {
  return async (request, signal) => {
    if (request.token === undefined) return otherwise(request, signal)
    const response = await transport(withHeader(request, `Bearer ${request.token}`), signal)
    return isTokenRefused(response) ? otherwise(request, signal) : response
  }
}

function withHeader(request: RestRequest, authorization: string): RestRequest {
  return { ...request, headers: { ...request.headers, authorization } }
}

function isTokenRefused({ status }: RestResponse): boolean {
  return status === 401 || status === 419
}

type ClientCredentials = Extract<RestCredentials, { kind: 'client-credentials' }>
type Tokens = { current(): Promise<string>; forget(token: string): void; held(): Token | undefined }
type Token = { readonly text: string; readonly renewAt: number }

/** Tokens of OAuth2's client credentials flow (RFC 6749, 4.4). One is asked for at a time, whoever waits for it. */
function clientCredentialTokens(
  credentials: ClientCredentials,
  options: TokenOptions,
  before: Token | undefined,
): Tokens {
  const { firstToken } = credentials
  let held =
    before ??
    (firstToken === undefined ? undefined : { text: firstToken, renewAt: renewalOf(firstToken, options.clock) })
  let asking: Promise<Token> | undefined
  const ask = () => {
    asking ??= requestToken(credentials, options).finally(() => {
      asking = undefined
    })
    return asking
  }
  return {
    async current() {
      if (held === undefined || options.clock.monotonicMs() >= held.renewAt) held = await ask()
      return held.text
    },
    forget(token) {
      if (held?.text === token) held = undefined
    },
    held: () => held,
  }
}

async function requestToken({ tokenUri, form }: ClientCredentials, options: TokenOptions): Promise<Token> {
  const askedAt = options.clock.monotonicMs()
  const { status, json, what } = await postForm(tokenUri, form, options)
  if (status === 200 && json !== undefined) {
    const answer = record(json, { document: `the answer to ${what}`, kind: 'corrupt' })
    const lifetimeMs = (optional(answer, 'expires_in', int32) ?? LIFETIME_SECONDS) * 1000
    return { text: required(answer, 'access_token', text), renewAt: askedAt + lifetimeMs - renewMarginMs(lifetimeMs) }
  }
  const reason =
    json === undefined ? undefined : optional(record(json, { document: what, kind: 'corrupt' }), 'error', text)
  const isUnavailable = status >= 500 || status === 429
  throw new MoraineError(
    isUnavailable ? 'unavailable' : 'permission',
    `${what} gave no token (status ${status}${reason === undefined ? '' : `, ${reason}`}); check credential, scope and oauth2-server-uri of the catalog`,
    isUnavailable ? {} : { context: REFUSED_LOGIN },
  )
}

/** When a token that was given by hand is to be renewed, if it is a JWT that says when it ends (RFC 7519, 4.1.4). */
function renewalOf(token: string, clock: TransportOptions['clock']): number {
  const [, payload] = token.split('.')
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload ?? '', 'base64url').toString())
    const exp = typeof claims === 'object' && claims !== null && 'exp' in claims ? claims.exp : undefined
    if (typeof exp !== 'number') return Number.POSITIVE_INFINITY
    const lifetimeMs = exp * 1000 - clock.now()
    return clock.monotonicMs() + lifetimeMs - renewMarginMs(lifetimeMs)
  } catch {
    return Number.POSITIVE_INFINITY // a token of another kind, of which only its refusal is heard
  }
}

/** Servers that do not say how long a token lives are taken to mean an hour, as other clients do. */
const LIFETIME_SECONDS = 3600

function renewMarginMs(lifetimeMs: number): number {
  return Math.min(60_000, lifetimeMs / 10)
}
