import { addressForMessages } from '@moraine/stdx/address-for-messages'
import { MoraineError } from '@moraine/stdx/error'
import type { Properties } from '../properties.ts'
import type { RestConfig } from './rest-json.ts'
import { type RestSettings, restSettings } from './rest-settings.ts'

/**
 * The settings of a catalog whose server has said its configuration: its overrides count, then the properties that the
 * catalog was registered with, then its defaults. How to sign in stays as it was registered, above all where the credential
 * is sent: it may be no business of the catalog's server.
 *
 * @param given what the properties come down to by themselves
 * @throws {MoraineError} `invalid-input` if what was registered by TLS would go on without
 */
export function configuredSettings(
  given: RestSettings,
  properties: Properties,
  { defaults, overrides }: Pick<RestConfig, 'defaults' | 'overrides'>,
): RestSettings {
  const settings = restSettings({ ...defaults, ...properties, ...overrides, ...signInOf(given, properties) })
  checkTls(given.uri, 'uri', settings.uri)
  if (settings.credentials.kind === 'client-credentials' && !Object.hasOwn(properties, TOKEN_URI)) {
    checkTls(given.uri, TOKEN_URI, settings.credentials.tokenUri)
  }
  return settings
}

const TOKEN_URI = 'oauth2-server-uri'
const SIGN_IN = [TOKEN_URI, 'rest.auth.type', 'rest.auth.sigv4.delegate-auth-type']

function signInOf({ credentials }: RestSettings, properties: Properties): Properties {
  const kept = Object.fromEntries(Object.entries(properties).filter(([key]) => SIGN_IN.includes(key)))
  // A path is one of the registered address, not of another that the server names.
  return TOKEN_URI in kept && credentials.kind === 'client-credentials'
    ? { ...kept, [TOKEN_URI]: credentials.tokenUri }
    : kept
}

function checkTls(registered: string, key: string, told: string): void {
  if (!registered.startsWith('https:') || told.startsWith('https:')) return
  throw new MoraineError(
    'invalid-input',
    `the server at ${addressForMessages(registered)} says in its v1/config that ${key} is ${addressForMessages(told)}, where credentials would go in the clear; have it say an address of https, or register the catalog with ${key === 'uri' ? 'the address that is meant' : key}`,
  )
}
