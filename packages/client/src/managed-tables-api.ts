import { page } from '@moraine/api/rest/envelope'
import { type TableExplanationBody, tableExplanation } from '@moraine/api/rest/explain-schemas'
import { type BlockerBody, blocker } from '@moraine/api/rest/hold-schemas'
import {
  type CancelResult,
  cancelResult,
  type OptimizingProcessBody,
  optimizingProcess,
  type TaskEntry,
  taskEntry,
} from '@moraine/api/rest/process-schemas'
import { type optimizeBody, type TableVerdictBody, tableVerdict } from '@moraine/api/rest/table-schemas'
import { type Static, type TSchema, Type } from 'typebox'
import { type ApiConnection, callApi } from './api-connection.ts'

/** A table that the service looks after. */
export type ManagedTableName = {
  readonly catalog: string
  readonly namespace: readonly string[]
  readonly name: string
}

export type OptimizeNow = Static<typeof optimizeBody>

export type ExplainRequest = {
  /** So many of its partitions at most. */
  readonly partitions?: number
  /** Only this one. */
  readonly partition?: string
}

/** A 1-based page. */
export type ApiPage = { readonly page: number; readonly pageSize: number }
export type ProcessesRequest = ApiPage & { readonly status?: string; readonly type?: string }

export type ApiList<T> = { readonly list: readonly T[]; readonly total: number }

/** What the service does with one table; a change of that is answered with how the table stands. */
export interface ManagedTablesApi {
  verdict(table: ManagedTableName, signal?: AbortSignal): Promise<TableVerdictBody>
  explain(table: ManagedTableName, asked: ExplainRequest, signal?: AbortSignal): Promise<TableExplanationBody>
  optimize(table: ManagedTableName, how: OptimizeNow, signal?: AbortSignal): Promise<TableVerdictBody>
  pause(table: ManagedTableName, reason: string | undefined, signal?: AbortSignal): Promise<TableVerdictBody>
  resume(table: ManagedTableName, signal?: AbortSignal): Promise<TableVerdictBody>
  /** Leases that live, oldest first. */
  blockers(table: ManagedTableName, signal?: AbortSignal): Promise<readonly BlockerBody[]>
  /** @throws {MoraineError} `not-found` if the table has no such lease */
  unblock(table: ManagedTableName, blockerId: string, signal?: AbortSignal): Promise<boolean>
  /** Newest first. */
  processes(
    table: ManagedTableName,
    asked: ProcessesRequest,
    signal?: AbortSignal,
  ): Promise<ApiList<OptimizingProcessBody>>
  /** In order of id. */
  tasks(table: ManagedTableName, processId: string, asked: ApiPage, signal?: AbortSignal): Promise<ApiList<TaskEntry>>
  /** @throws {MoraineError} `conflict` if it is too late */
  cancel(table: ManagedTableName, processId: string, signal?: AbortSignal): Promise<CancelResult>
}

export function managedTablesApi(connection: ApiConnection): ManagedTablesApi {
  const post = <T extends TSchema>(path: string, body: object, result: T, signal: AbortSignal | undefined) =>
    callApi(connection, { method: 'POST', path, body, result }, signal)
  const get = <T extends TSchema>(path: string, query: Query, result: T, signal: AbortSignal | undefined) =>
    callApi(connection, { method: 'GET', path, query: textOf(query), result }, signal)
  return {
    verdict: (table, signal) => get(`${pathOf(table)}/verdict`, {}, tableVerdict, signal),
    explain: (table, asked, signal) => get(`${pathOf(table)}/explain`, asked, tableExplanation, signal),
    optimize: (table, how, signal) => post(`${pathOf(table)}/optimize`, how, tableVerdict, signal),
    pause: (table, reason, signal) =>
      post(`${pathOf(table)}/pause`, reason === undefined ? {} : { reason }, tableVerdict, signal),
    resume: (table, signal) => post(`${pathOf(table)}/resume`, {}, tableVerdict, signal),
    blockers: (table, signal) => get(blockersOf(table), {}, Type.Array(blocker), signal),
    unblock: (table, blockerId, signal) => {
      const path = `${blockersOf(table)}/${encodeURIComponent(blockerId)}`
      return callApi(connection, { method: 'DELETE', path, result: Type.Boolean() }, signal)
    },
    processes: (table, asked, signal) => get(processesOf(table), asked, page(optimizingProcess), signal),
    tasks: (table, processId, asked, signal) =>
      get(`${processesOf(table)}/${encodeURIComponent(processId)}/tasks`, asked, page(taskEntry), signal),
    cancel: (table, processId, signal) =>
      post(`${processesOf(table)}/${encodeURIComponent(processId)}/cancel`, {}, cancelResult, signal),
  }
}

type Query = Readonly<Record<string, string | number | undefined>>

function textOf(query: Query): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(Object.entries(query).map(([key, value]) => [key, value?.toString()]))
}

function processesOf(table: ManagedTableName): string {
  return `${pathOf(table)}/optimizing-processes`
}

function blockersOf(table: ManagedTableName): string {
  return `${pathOf(table)}/blockers`
}

function pathOf({ catalog, namespace, name }: ManagedTableName): string {
  const [where, database, table] = [catalog, namespace.join('.'), name].map(encodeURIComponent)
  return `/tables/catalogs/${where}/dbs/${database}/tables/${table}`
}
