import type { TableVerdictBody } from '@moraine/api/rest/table-schemas'

/** Whether a table is at rest, or waits for something that has a name. */
export type Rest = { readonly isAtRest: boolean; readonly why: string }

/** Verdicts that say what a table waits for, and that it is not for ever. */
const HOLDS: ReadonlySet<string> = new Set(['backing-off', 'min-plan-interval'])

/** What a table of this kind is like is not known now. */
const UNKNOWN: ReadonlySet<string> = new Set(['refresh-failing', 'catalog-unreachable', 'not-evaluated'])

/** `undefined` if the server does not answer, or does not know the table. */
export async function findRest(url: string, catalog: string, table: string): Promise<Rest | undefined> {
  const path = `/api/ams/v1/tables/catalogs/${catalog}/dbs/db/tables/${table}/verdict`
  try {
    const answer = await fetch(`${url}${path}`, { signal: AbortSignal.timeout(5000) })
    if (!answer.ok) return undefined
    const { result } = (await answer.json()) as { result: TableVerdictBody }
    const why = `${result.phase}, ${result.kind}: ${result.text}`
    const isIdle = result.phase === 'idle' && !UNKNOWN.has(result.kind)
    return { isAtRest: isIdle || (HOLDS.has(result.kind) && result.until !== null), why }
  } catch {
    return undefined
  }
}
