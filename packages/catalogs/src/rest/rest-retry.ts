import { checkAborted } from '@moraine/stdx/abort'
import type { Clock } from '@moraine/stdx/clock'
import type { RestRequest, RestResponse, RestTransport } from './rest-transport.ts'

/**
 * Makes requests again that the server turned away: with status 429 it has done nothing, and with 502, 503 and 504 it may
 * be asked again for what changes nothing. It says how long to wait (`Retry-After`), else pauses grow. Where that is
 * longer than anybody should be kept waiting the answer is passed on.
 */
export function withRestRetries(
  transport: RestTransport,
  { clock, retries }: { readonly clock: Clock; readonly retries: number },
): RestTransport {
  return async (request, signal) => {
    for (let attempt = 0; ; attempt += 1) {
      const response = await transport(request, signal)
      if (attempt >= retries || !isTurnedAway(request, response)) return response
      const pauseMs = response.retryAfterMs ?? Math.min(FIRST_PAUSE_MS * 2 ** attempt, LONGEST_PAUSE_MS)
      if (pauseMs > LONGEST_ASKED_MS) return response
      await clock.sleep(pauseMs, signal).catch(() => {}) // whether it was cut short is seen below
      checkAborted(signal, response.what)
    }
  }
}

const FIRST_PAUSE_MS = 200
const LONGEST_PAUSE_MS = 10_000
const LONGEST_ASKED_MS = 60_000

function isTurnedAway({ method }: RestRequest, { status }: RestResponse): boolean {
  return (
    status === 429 || ((method === 'GET' || method === 'HEAD') && (status === 502 || status === 503 || status === 504))
  )
}
