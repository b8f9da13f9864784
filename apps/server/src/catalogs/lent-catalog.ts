import type { Catalog } from '@moraine/catalogs/catalog'
import type { Clock } from '@moraine/stdx/clock'
import { withinDeadline } from '@moraine/stdx/deadline'
import { describeError } from '@moraine/stdx/error'
import type { Log } from '../service/log.ts'
import { eachCall, type Use } from './each-call.ts'

/** A catalog that many use, and that has connections to let go of when it is not needed any more. */
export type LentCatalog = {
  readonly catalog: Catalog
  /** Closes it when nobody has used it for a while: who has it still may end what is under way. */
  retire(): Promise<void>
  /** Closes it now. */
  close(): Promise<void>
}

/** What takes longer is let go of: connections end with the service, or when they are idle. */
const CLOSE_MS = 5_000

/** Longer than anybody who has a catalog leaves it alone between two calls. */
const IDLE_MS = 10 * 60_000

export function lentCatalog(
  catalog: Catalog,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): LentCatalog {
  const { close } = catalog
  if (close === undefined) return { catalog, retire: async () => undefined, close: async () => undefined }
  let calls = 0
  let usedAtMs = clock.monotonicMs()
  const use: Use = async (call) => {
    calls += 1
    try {
      return await call()
    } finally {
      calls -= 1
      usedAtMs = clock.monotonicMs()
    }
  }
  const ended = new AbortController()
  const end = async () => {
    if (ended.signal.aborted) return
    ended.abort()
    const limit = { ms: CLOSE_MS, what: `closing catalog ${catalog.name}` }
    await withinDeadline(clock, limit, close).catch((error: unknown) => {
      log.warn({ catalog: catalog.name, failure: describeError(error) }, 'connections of a catalog did not close')
    })
  }
  const endWhenIdle = async () => {
    while (calls > 0 || clock.monotonicMs() - usedAtMs < IDLE_MS) await clock.sleep(IDLE_MS, ended.signal)
    await end()
  }
  return {
    catalog: eachCall(catalog, use),
    retire: () => endWhenIdle().catch(() => undefined),
    close: end,
  }
}
