import { addressForMessages } from '@moraine/stdx/address-for-messages'
import { MoraineError } from '@moraine/stdx/error'
import { chooseAwsCredentials } from '../aws/aws-credentials.ts'
import type { RestCredentials } from './rest-auth.ts'
import { UNIT_SEPARATOR } from './rest-path.ts'
import type { RestSigning } from './rest-signing.ts'

/** What the properties of a REST catalog come down to. */
export type RestSettings = {
  /** Without a trailing slash. */
  readonly uri: string
  readonly warehouse: string | undefined
  readonly prefix: string
  readonly namespaceSeparator: string
  readonly headers: Readonly<Record<string, string>>
  /** How access to the files of tables is asked for (`X-Iceberg-Access-Delegation`); empty if it is not. */
  readonly delegation: string
  readonly credentials: RestCredentials
  readonly signing: RestSigning | undefined
  /** Of a request that the server turned away. */
  readonly retries: number
}

/** @throws {MoraineError} `invalid-input` or `unsupported`, naming the property */
export function restSettings(properties: Readonly<Record<string, string>>): RestSettings {
  const find = (key: string) => (Object.hasOwn(properties, key) ? properties[key] : undefined)
  const uri = find('uri')?.replace(/\/+$/, '')
  if (uri === undefined || !/^https?:\/\//.test(uri) || !URL.canParse(uri)) {
    throw new MoraineError('invalid-input', 'a REST catalog needs the property uri, such as https://host/iceberg')
  }
  if (addressForMessages(uri) !== uri.replace(/[?#].*$/s, '')) {
    throw new MoraineError(
      'invalid-input',
      'uri: leave out user and password; give token, credential, or rest.auth.type=basic with rest.auth.basic.username and .password',
    )
  }
  const authType = find('rest.auth.type')?.toLowerCase() ?? 'oauth2'
  const isSigned = authType === 'sigv4' || find('rest.sigv4-enabled')?.toLowerCase() === 'true'
  // What a signature goes on top of.
  const inner = authType === 'sigv4' ? (find('rest.auth.sigv4.delegate-auth-type') ?? 'oauth2') : authType
  const { [DELEGATION]: delegation = 'vended-credentials', ...headers } = headersOf(properties)
  return {
    uri,
    warehouse: find('warehouse'),
    prefix: find('prefix') ?? '',
    // In its encoded form, as the protocol wants it.
    namespaceSeparator: decodeSeparator(find('namespace-separator')),
    headers,
    delegation: delegation.trim(),
    credentials: credentialsOf(inner, find, uri),
    signing: isSigned ? signingOf(find, properties) : undefined,
    retries: retriesOf(find),
  }
}

/** The header that asks for access to the files of tables. */
export const DELEGATION = 'x-iceberg-access-delegation'

function headersOf(properties: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const named = Object.entries(properties).flatMap(([key, value]) =>
    key.startsWith('header.') ? [[key.slice('header.'.length).toLowerCase(), value] as const] : [],
  )
  return Object.fromEntries(named)
}

type Find = (key: string) => string | undefined

function credentialsOf(authType: string, find: Find, uri: string): RestCredentials {
  switch (authType) {
    case 'none':
      return { kind: 'none' }
    case 'basic':
      return basicOf(find)
    case 'oauth2':
      return oauth2Of(find, uri)
    default:
      throw new MoraineError(
        'unsupported',
        `of rest.auth.type none, basic, oauth2 and sigv4 are supported, not ${authType}`,
      )
  }
}

function basicOf(find: Find): RestCredentials {
  const user = find('rest.auth.basic.username')
  const password = find('rest.auth.basic.password')
  if (user !== undefined && password !== undefined) return { kind: 'basic', user, password }
  throw new MoraineError(
    'invalid-input',
    'rest.auth.type basic needs rest.auth.basic.username and rest.auth.basic.password',
  )
}

function signingOf(find: Find, properties: Readonly<Record<string, string>>): RestSigning {
  return {
    region: find('rest.signing-region') ?? find('client.region'),
    name: find('rest.signing-name') ?? 'execute-api',
    credentials: chooseAwsCredentials(properties, ['rest', 'client']),
  }
}

function retriesOf(find: Find): number {
  const text = find('rest.client.max-retries')
  if (text === undefined) return RETRIES
  if (/^\d{1,3}$/.test(text)) return Number(text)
  throw new MoraineError('invalid-input', `rest.client.max-retries is "${text}"; set it to an integer from 0 to 999`)
}

/** As the reference implementation. */
const RETRIES = 5

function oauth2Of(find: Find, uri: string): RestCredentials {
  const token = find('token')
  const credential = find('credential')
  if (credential === undefined) return token === undefined ? { kind: 'none' } : { kind: 'bearer', token }
  // Without a colon it is a secret that needs no id.
  const colon = credential.indexOf(':')
  const form: Record<string, string> = {
    grant_type: 'client_credentials',
    client_secret: credential.slice(colon + 1),
    scope: find('scope') ?? 'catalog',
  }
  if (colon > 0) form['client_id'] = credential.slice(0, colon)
  for (const key of ['audience', 'resource']) {
    const value = find(key)
    if (value !== undefined) form[key] = value
  }
  const tokenUri = tokenUriOf(find('oauth2-server-uri') ?? 'v1/oauth/tokens', uri)
  return { kind: 'client-credentials', tokenUri, form, ...(token === undefined ? {} : { firstToken: token }) }
}

/** An address, or a path under the catalog's own. */
function tokenUriOf(given: string, uri: string): string {
  if (!/^[a-z][a-z\d+.-]*:/i.test(given)) return `${uri}/${given.replace(/^\/+/, '')}`
  if (/^https?:\/\//.test(given) && URL.canParse(given)) return given
  throw new MoraineError('invalid-input', 'oauth2-server-uri: give an address such as https://idp/oauth/tokens')
}

function decodeSeparator(encoded: string | undefined): string {
  if (encoded === undefined) return UNIT_SEPARATOR
  try {
    const separator = decodeURIComponent(encoded)
    if (separator !== '') return separator
  } catch {
    // Said below.
  }
  throw new MoraineError('invalid-input', `namespace-separator ${JSON.stringify(encoded)} is no encoded character`)
}
