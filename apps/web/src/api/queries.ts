import type { TableExplanationBody } from '@moraine/api/rest/explain-schemas'
import type { OptimizingProcessBody } from '@moraine/api/rest/process-schemas'
import type { SessionBody } from '@moraine/api/rest/session-schemas'
import type { ManagedTableBody, TableDetails } from '@moraine/api/rest/table-schemas'
import { queryOptions } from '@tanstack/react-query'
import { ApiError, call } from './call.ts'

/** Names a table in the API and in our addresses. */
export type TableKey = { readonly catalog: string; readonly database: string; readonly table: string }

export type ListPage<Item> = { readonly list: readonly Item[]; readonly total: number }

/** `null`: nobody has signed in. */
export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: ({ signal }) => call<SessionBody | null>('/login/current', { signal }),
  staleTime: Number.POSITIVE_INFINITY,
})

const PAGE = 500

/** All managed tables, page by page. */
export const tablesQuery = queryOptions({
  queryKey: ['tables'],
  queryFn: async ({ signal }) => {
    const tables: ManagedTableBody[] = []
    for (let page = 1; ; page += 1) {
      const { list, total } = await call<ListPage<ManagedTableBody>>('/moraine/tables', {
        query: { page, pageSize: PAGE },
        signal,
      })
      tables.push(...list)
      if (tables.length >= total || list.length === 0) return tables
    }
  },
  refetchInterval: 15_000,
})

export function detailsQuery(key: TableKey) {
  return queryOptions({
    queryKey: ['table', key, 'details'],
    queryFn: ({ signal }) => call<TableDetails>(`${tableAddress(key)}/details`, { signal }),
  })
}

export function explanationQuery(key: TableKey) {
  return queryOptions({
    queryKey: ['table', key, 'explain'],
    queryFn: ({ signal }) => call<TableExplanationBody>(`${tableAddress(key)}/explain`, { signal }),
    refetchInterval: 10_000,
  })
}

export function tableProcessesQuery(key: TableKey) {
  return queryOptions({
    queryKey: ['table', key, 'processes'],
    queryFn: ({ signal }) =>
      call<ListPage<OptimizingProcessBody>>(`${tableAddress(key)}/optimizing-processes`, {
        query: { pageSize: 50 },
        signal,
      }),
    refetchInterval: 10_000,
  })
}

export type TableAction = { readonly to: string; readonly body: object }

/** Has the service do something to a table, `to` below its address. */
export function actOnTable(key: TableKey, { to, body }: TableAction): Promise<unknown> {
  return call(`${tableAddress(key)}/${to}`, { method: 'POST', body })
}

function tableAddress({ catalog, database, table }: TableKey): string {
  return `/tables/catalogs/${encodeURIComponent(catalog)}/dbs/${encodeURIComponent(database)}/tables/${encodeURIComponent(table)}`
}

/** What another try could change: not what was refused for good. */
export function isWorthAnotherTry(tries: number, error: Error): boolean {
  const isPassing = error instanceof ApiError && (error.status === 0 || error.status >= 500)
  return isPassing && tries < 2
}
