import type { PrincipalStore } from '@moraine/management/access/principal'
import type { Clock } from '@moraine/stdx/clock'
import type { Random } from '@moraine/stdx/random'
import type { Log } from '../service/log.ts'
import { accessTokens } from './access-tokens.ts'
import { type Authenticator, authenticator, openAuthenticator } from './authenticator.ts'
import { makeFirstAdministrator } from './first-administrator.ts'

/** Whether requests have to say who sends them. `auto`: where others than this machine can reach the service. */
export type AuthenticationMode = 'auto' | 'required' | 'none'

export type AccessSettings = {
  readonly mode: AuthenticationMode
  readonly administrator: { readonly name: string; readonly password: string } | undefined
}

export type Access = {
  readonly authenticator: Authenticator
  /** Makes an administrator if nobody could get in: `id:secret`, to be shown then or never. */
  makeFirst(): Promise<string | undefined>
}

export async function composeAccess(
  { mode, administrator }: AccessSettings,
  {
    host,
    secretKey,
    principals,
    clock,
    random,
    log,
  }: {
    readonly host: string
    readonly secretKey: Uint8Array
    readonly principals: PrincipalStore
    readonly clock: Clock
    readonly random: Random
    readonly log: Log
  },
): Promise<Access> {
  if (mode === 'none' || (mode === 'auto' && isLoopback(host))) {
    if (!isLoopback(host)) {
      log.warn({ host }, 'http-server.authentication is none: whoever reaches this address may do everything')
    }
    return {
      authenticator: openAuthenticator(mode === 'none' ? 'everybody' : 'this-machine'),
      makeFirst: async () => undefined,
    }
  }
  const tokens = accessTokens(secretKey, clock)
  return {
    authenticator: authenticator({ principals, tokens, administrator, clock }),
    makeFirst: async () =>
      administrator === undefined ? makeFirstAdministrator(principals, clock, random) : undefined,
  }
}

/** Whether only this machine can reach whoever listens there. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)
}
