import { page } from '@moraine/api/rest/envelope'
import { optimizerEntry, resourceEntry } from '@moraine/api/rest/resource-schemas'
import { type Static, Type } from 'typebox'
import { type ApiConnection, callApi } from './api-connection.ts'

export type OptimizerEntry = Static<typeof optimizerEntry>
export type ResourceEntry = Static<typeof resourceEntry>

/** The optimizers of resource groups. What is asked for is recorded and answered at once. */
export interface GroupOptimizersApi {
  /** Has one more optimizer launched. */
  scaleOut(group: string, threads: number, signal?: AbortSignal): Promise<void>
  /** What was asked for, and what became of it. */
  resources(group: string, signal?: AbortSignal): Promise<readonly ResourceEntry[]>
  /** What is registered. */
  optimizers(group: string, signal?: AbortSignal): Promise<readonly OptimizerEntry[]>
  /**
   * Lets one go, once its tasks have ended.
   *
   * @param id of a resource, or of an optimizer
   * @param drain one that was started by hand takes no more tasks
   */
  release(id: string, options: { readonly drain: boolean }, signal?: AbortSignal): Promise<void>
}

export function groupOptimizersApi(connection: ApiConnection): GroupOptimizersApi {
  const below = (group: string, what: string) => `/optimize/optimizerGroups/${encodeURIComponent(group)}/${what}`
  return {
    async scaleOut(group, parallelism, signal) {
      const path = below(group, 'optimizers')
      await callApi(connection, { method: 'POST', path, body: { parallelism }, result: Type.String() }, signal)
    },
    resources: (group, signal) =>
      callApi(
        connection,
        { method: 'GET', path: below(group, 'resources'), result: Type.Array(resourceEntry) },
        signal,
      ),
    async optimizers(group, signal) {
      const asked = { method: 'GET', path: below(group, 'optimizers'), result: page(optimizerEntry) } as const
      return (await callApi(connection, asked, signal)).list
    },
    async release(id, { drain }, signal) {
      const path = `/optimize/optimizers/${encodeURIComponent(id)}${drain ? '?drain=true' : ''}`
      await callApi(connection, { method: 'DELETE', path, result: Type.String() }, signal)
    },
  }
}
