import { MoraineError } from '@moraine/stdx/error'
import type { RestCredentials } from './rest-auth.ts'
import { UNIT_SEPARATOR } from './rest-path.ts'

/** What the properties of a REST catalog come down to. */
export type RestSettings = {
  /** Without a trailing slash. */
  readonly uri: string
  readonly warehouse: string | undefined
  readonly prefix: string
  readonly namespaceSeparator: string
  readonly headers: Readonly<Record<string, string>>
  readonly credentials: RestCredentials
}

/** @throws {MoraineError} `invalid-input` or `unsupported`, naming the property */
export function restSettings(properties: Readonly<Record<string, string>>): RestSettings {
  const find = (key: string) => (Object.hasOwn(properties, key) ? properties[key] : undefined)
  const uri = find('uri')?.replace(/\/+$/, '')
  if (uri === undefined || !/^https?:\/\//.test(uri) || !URL.canParse(uri)) {
    throw new MoraineError('invalid-input', 'a REST catalog needs the property uri, such as https://host/iceberg')
  }
  const authType = find('rest.auth.type') ?? 'oauth2'
  if (find('rest.sigv4-enabled') === 'true' || (authType !== 'oauth2' && authType !== 'none')) {
    throw new MoraineError(
      'unsupported',
      `of rest.auth.type only none and oauth2 are supported, not ${authType} or SigV4`,
    )
  }
  return {
    uri,
    warehouse: find('warehouse'),
    prefix: find('prefix') ?? '',
    // In its encoded form, as the protocol wants it.
    namespaceSeparator: decodeSeparator(find('namespace-separator')),
    headers: Object.fromEntries(
      Object.entries(properties).flatMap(([key, value]) =>
        key.startsWith('header.') ? [[key.slice('header.'.length).toLowerCase(), value]] : [],
      ),
    ),
    credentials: authType === 'none' ? { kind: 'none' } : credentialsOf(find, uri),
  }
}

function credentialsOf(find: (key: string) => string | undefined, uri: string): RestCredentials {
  const token = find('token')
  if (token !== undefined) return { kind: 'bearer', token }
  const credential = find('credential')
  if (credential === undefined) return { kind: 'none' }
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
  return { kind: 'client-credentials', tokenUri: find('oauth2-server-uri') ?? `${uri}/v1/oauth/tokens`, form }
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
