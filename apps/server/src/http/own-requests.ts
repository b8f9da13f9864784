import type { IncomingHttpHeaders } from 'node:http'
import type { Clock } from '@moraine/stdx/clock'
import { withinDeadline } from '@moraine/stdx/deadline'
import { type Random, uuidV4 } from '@moraine/stdx/random'
import { derivedKey } from '../secrets/derived-key.ts'
import { keyedMark } from '../secrets/keyed-mark.ts'

/** Tells whether an address leads back to this service, whatever names, ports, balancers and proxies are in between. */
export interface OwnRequests {
  /**
   * Of every request that arrives, before anything else is asked of it. Answers the headers to answer with: who sent it
   * and has the same secret key, though in another process, knows the service by them.
   */
  notice(headers: IncomingHttpHeaders): Readonly<Record<string, string>>
  /**
   * Sends a request there and looks whether it arrives here, or at another server of the service. An address that does
   * not answer in time leads elsewhere.
   */
  leadsHere(uri: string, signal: AbortSignal): Promise<boolean>
}

/**
 * @param secretKey what all servers of the service have, and nobody else. Whoever hands a request on to one of them can
 *   pass for the service, which keeps it from being registered, and for nothing more
 */
export function ownRequests({
  clock,
  random,
  secretKey,
  send = fetch,
}: {
  readonly clock: Clock
  readonly random: Random
  readonly secretKey: Uint8Array
  readonly send?: typeof fetch
}): OwnRequests {
  const mark = keyedMark(derivedKey(secretKey, 'requests to the service itself'))
  // Those that arrive at this very process are known even where their answers are lost on the way.
  const sent = new Map<string, { hasArrived: boolean }>()
  return {
    notice(headers) {
      const token = headers[SENT_BY]
      if (typeof token !== 'string' || !TOKEN.test(token)) return {}
      const probe = sent.get(token)
      if (probe !== undefined) probe.hasArrived = true
      return { [RECEIVED_BY]: mark.of(token).toString('hex') }
    },
    async leadsHere(uri, signal) {
      const address = configAddress(uri)
      if (address === undefined) return false
      const token = uuidV4(random)
      const probe = { hasArrived: false }
      sent.set(token, probe)
      try {
        await withinDeadline(clock, { ms: WITHIN_MS, what: 'a look at the address', signal }, async (inner) => {
          const answer = await send(address, { headers: { [SENT_BY]: token }, redirect: 'manual', signal: inner })
          const shown = Buffer.from(answer.headers.get(RECEIVED_BY) ?? '', 'hex')
          if (mark.isOf(token, shown)) probe.hasArrived = true
          await answer.body?.cancel()
        })
      } catch {
        // What does not answer is for the test of the connection to tell of; it may have arrived here all the same.
      } finally {
        sent.delete(token)
      }
      signal.throwIfAborted()
      return probe.hasArrived
    },
  }
}

const SENT_BY = 'x-moraine-sent-by'
const RECEIVED_BY = 'x-moraine-received-by'
const TOKEN = /^[0-9a-f-]{36}$/
const WITHIN_MS = 5000

/** Where Iceberg's clients begin; `undefined` for what is no address of HTTP. */
function configAddress(uri: string): URL | undefined {
  if (!/^https?:/i.test(uri) || !URL.canParse(uri)) return undefined
  const url = new URL(uri)
  // `fetch` takes none in an address, and catalogs neither.
  if (url.username !== '' || url.password !== '') return undefined
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/v1/config`
  return url
}
