import type { Clock } from '@moraine/stdx/clock'
import { withinDeadline } from '@moraine/stdx/deadline'

const WITHIN_MS = 3000

/** If what listens there speaks HTTP, what to write instead; `undefined` if it does not, or does not answer soon. */
export async function httpHint(
  { host, port, clock }: { readonly host: string; readonly port: number; readonly clock: Clock },
  signal: AbortSignal,
): Promise<string | undefined> {
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}/`
  const limit = { ms: WITHIN_MS, what: url, signal }
  try {
    await withinDeadline(clock, limit, async (either) => {
      const answer = await fetch(url, { signal: either, redirect: 'manual' })
      await answer.body?.cancel()
    })
  } catch {
    return undefined
  }
  return `port ${port} answers in HTTP: --url wants the port of the optimizing service (--thrift-port of the service, 1261 by default), not that of its API`
}
