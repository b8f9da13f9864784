import { type ApiConnection, type ApiCredentials, serverAddress } from '@moraine/client/api-connection'
import { MoraineError } from '@moraine/stdx/error'
import { SIGN_IN } from '../table/catalog-place.ts'
import type { CommandContext } from './command-context.ts'
import type { ValueSources } from './key-values.ts'
import type { RawServerOptions } from './server-options.ts'

/** A running service and how to sign in there. */
export type ServerAccess = Pick<ApiConnection, 'server' | 'credentials'>

/** @throws {MoraineError} `invalid-input` for an address or a secret that cannot be one; no secret is in the message */
export function serverAccess(raw: RawServerOptions, env: ValueSources['env']): ServerAccess {
  const server = serverAddress(raw.server ?? (env['MORAINE_SERVER'] || 'http://127.0.0.1:1630'))
  const token = raw.token ?? env['MORAINE_TOKEN'] ?? ''
  return { server, credentials: credentialsOf(token, env['MORAINE_CREDENTIAL'] ?? '') }
}

export function apiConnection(raw: RawServerOptions, { clock, sources }: CommandContext): ApiConnection {
  return { ...serverAccess(raw, sources.env), clock, signIn: SIGN_IN }
}

function credentialsOf(token: string, credential: string): ApiCredentials {
  if (token !== '') {
    if (/^[\x21-\x7e]+$/.test(token)) return { kind: 'bearer', token }
    throw new MoraineError('invalid-input', 'the token (--token, MORAINE_TOKEN) has characters that no header can have')
  }
  if (credential === '') return { kind: 'none' }
  const colon = credential.indexOf(':')
  if (colon > 0) return { kind: 'basic', user: credential.slice(0, colon), password: credential.slice(colon + 1) }
  throw new MoraineError('invalid-input', 'MORAINE_CREDENTIAL has to be user:password')
}
