import type { Clock } from '@moraine/stdx/clock'
import { MoraineError } from '@moraine/stdx/error'
import { Turns } from '@moraine/stdx/turns'
import { beforeSending, type RestTransport } from './rest-transport.ts'

/** Has requests wait for their turn. */
export type RestTurns = (transport: RestTransport) => RestTransport

/**
 * Bounds what is under way at the server of one catalog: requests to one that does not answer, or that comes back here by
 * ways that nobody sees, take no more than their share of memory and connections. The others wait in the order in which they
 * came, and not for long.
 *
 * What had no turn in time is `unavailable`, and was not sent.
 */
export function restTurns({ name, clock }: { readonly name: string; readonly clock: Clock }): RestTurns {
  const turns = new Turns({ limit: AT_A_TIME, waitingMax: WAITING_MAX })
  const take = async (signal: AbortSignal | undefined) => {
    if (await turns.take({ owner: `catalog ${name}`, signal, deadline: { clock, ms: WAIT_MS } })) return
    throw new MoraineError(
      'unavailable',
      `${AT_A_TIME} requests to catalog ${name} are under way, and none has ended within ${WAIT_MS} ms; try again later, and look whether its server answers`,
    )
  }
  return (transport) => async (request, signal) => {
    await beforeSending(() => take(signal))
    try {
      return await transport(request, signal)
    } finally {
      turns.give(`catalog ${name}`)
    }
  }
}

/** More than a service that plans and commits for a thousand tables has under way at a time. */
const AT_A_TIME = 64
const WAITING_MAX = 1_000
/** Less than a request to this service may take, so that whoever waits hears why. */
const WAIT_MS = 10_000
