export const OPTIMIZING_VIEWS = ['queue', 'groups', 'optimizers'] as const

/** Words of the service for what a table is busy with, the busiest first. */
export const TABLE_WORDS = ['full', 'major', 'minor', 'committing', 'planning', 'pending', 'idle'] as const

/** What of the optimizing page is a part of the address, so that it can be sent to somebody. Absent: the first view, of everything. */
export type OptimizingSearch = {
  readonly view?: (typeof OPTIMIZING_VIEWS)[number] | undefined
  readonly group?: string | undefined
  readonly status?: (typeof TABLE_WORDS)[number] | undefined
  /** In names of tables. */
  readonly q?: string | undefined
  readonly page?: number | undefined
}

/** What an address says, without what it cannot mean. */
export function optimizingSearch(search: Readonly<Record<string, unknown>>): OptimizingSearch {
  const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined)
  const page = Number(search['page'])
  return {
    view: OPTIMIZING_VIEWS.find((each) => each === search['view']),
    // A name of digits alone comes as a number.
    group: text(typeof search['group'] === 'number' ? String(search['group']) : search['group']),
    status: TABLE_WORDS.find((each) => each === search['status']),
    q: text(typeof search['q'] === 'number' ? String(search['q']) : search['q']),
    page: Number.isSafeInteger(page) && page > 1 ? page : undefined,
  }
}
