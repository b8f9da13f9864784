import type { Authenticator } from './authenticator.ts'
import { isLoopback } from './compose-access.ts'

/** Whether those who reach a port at this address need not say who they are. */
export function isOpenAt(host: string, { openTo }: Pick<Authenticator, 'openTo'>): boolean {
  return openTo === 'everybody' || (openTo === 'this-machine' && isLoopback(host))
}
