import type { IncomingHttpHeaders } from 'node:http'
import { MoraineError } from '@moraine/stdx/error'

/**
 * Where nobody is asked because only this machine can reach the service, others come in disguise: a page in a browser whose
 * name was made to mean this machine, or a proxy that hands on what it gets.
 *
 * @throws {MoraineError} `permission` for a request that was made to another name, or handed on
 */
export function refuseForeign(headers: IncomingHttpHeaders): void {
  const forwarded = headers['forwarded'] ?? headers['x-forwarded-for']
  const host = headers.host ?? ''
  if (forwarded === undefined && /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i.test(host)) return
  throw new MoraineError(
    'permission',
    `requests ${forwarded === undefined ? `to ${JSON.stringify(host)}` : 'through a proxy'} are not answered where nobody has to say who they are; set http-server.authentication to required, or to none if whoever gets here may do everything`,
  )
}
