import { MoraineError } from '@moraine/stdx/error'
import { int32, optional, record, required, text } from '@moraine/stdx/exact-json-decode'
import { beforeSending, postForm, type RestTransport, type TransportOptions } from './rest-transport.ts'

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

/** Adds the `Authorization` header to each request, and asks once more with a new token where one was refused. */
export function authorized(
  transport: RestTransport,
  credentials: RestCredentials,
  options: Pick<TransportOptions, 'fetch' | 'clock' | 'timeoutMs'>,
): RestTransport {
  if (credentials.kind === 'none') return transport
  const sendAs = (authorization: string, ...[request, signal]: Parameters<RestTransport>) =>
    transport({ ...request, headers: { ...request.headers, authorization } }, signal)
  if (credentials.kind === 'basic') {
    const pair = Buffer.from(`${credentials.user}:${credentials.password}`).toString('base64')
    return (request, signal) => sendAs(`Basic ${pair}`, request, signal)
  }
  const send = (token: string, ...rest: Parameters<RestTransport>) => sendAs(`Bearer ${token}`, ...rest)
  if (credentials.kind === 'bearer') return (request, signal) => send(credentials.token, request, signal)

  const tokens = clientCredentialTokens(credentials, options)
  return async (request, signal) => {
    const token = await beforeSending(() => tokens.current())
    const response = await send(token, request, signal)
    if (response.status !== 401 && response.status !== 419) return response
    tokens.forget(token)
    return send(await beforeSending(() => tokens.current()), request, signal)
  }
}

type Tokens = { current(): Promise<string>; forget(token: string): void }
type Token = { readonly text: string; readonly renewAt: number }

/** Tokens of OAuth2's client credentials flow (RFC 6749, 4.4). One is asked for at a time, whoever waits for it. */
function clientCredentialTokens(
  credentials: Extract<RestCredentials, { kind: 'client-credentials' }>,
  options: Pick<TransportOptions, 'fetch' | 'clock' | 'timeoutMs'>,
): Tokens {
  const { firstToken } = credentials
  let held: Token | undefined =
    firstToken === undefined ? undefined : { text: firstToken, renewAt: renewalOf(firstToken, options.clock) }
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
  }
}

async function requestToken(
  { tokenUri, form }: Extract<RestCredentials, { kind: 'client-credentials' }>,
  options: Pick<TransportOptions, 'fetch' | 'clock' | 'timeoutMs'>,
): Promise<Token> {
  const askedAt = options.clock.monotonicMs()
  const { status, json, what } = await postForm(tokenUri, form, options)
  if (status === 200 && json !== undefined) {
    const answer = record(json, { document: `the answer to ${what}`, kind: 'corrupt' })
    const lifetimeMs = (optional(answer, 'expires_in', int32) ?? LIFETIME_SECONDS) * 1000
    return { text: required(answer, 'access_token', text), renewAt: askedAt + lifetimeMs - renewMarginMs(lifetimeMs) }
  }
  const reason =
    json === undefined ? undefined : optional(record(json, { document: what, kind: 'corrupt' }), 'error', text)
  throw new MoraineError(
    status >= 500 || status === 429 ? 'unavailable' : 'permission',
    `${what} gave no token (status ${status}${reason === undefined ? '' : `, ${reason}`}); check credential, scope and oauth2-server-uri of the catalog`,
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
