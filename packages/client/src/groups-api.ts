import { type GroupAllocationBody, groupAllocation } from '@moraine/api/rest/allocation-schemas'
import { groupRegistration, resourceGroupEntry } from '@moraine/api/rest/resource-schemas'
import { type Static, Type } from 'typebox'
import { type ApiConnection, callApi } from './api-connection.ts'

export type GroupEntry = Static<typeof resourceGroupEntry>
export type GroupForm = {
  readonly name: string
  readonly container: string
  readonly properties: Readonly<Record<string, string>>
}
export type GroupRegistration = Static<typeof groupRegistration>

/** The resource groups of the service. */
export interface GroupsApi {
  list(signal?: AbortSignal): Promise<readonly GroupEntry[]>
  create(group: GroupForm, signal?: AbortSignal): Promise<void>
  /** What the form leaves out is gone. */
  change(group: GroupForm, signal?: AbortSignal): Promise<void>
  remove(name: string, signal?: AbortSignal): Promise<void>
  /** What an optimizer of the group needs; the secret is not to be shown to others. */
  registration(name: string, signal?: AbortSignal): Promise<GroupRegistration>
  /** Why it has the optimizers that it has. */
  allocation(name: string, signal?: AbortSignal): Promise<GroupAllocationBody>
}

const ALL = '/optimize/resourceGroups'

export function groupsApi(connection: ApiConnection): GroupsApi {
  const pathOf = (name: string) => `${ALL}/${encodeURIComponent(name)}`
  const send = async (method: 'POST' | 'PUT' | 'DELETE', path: string, body?: object, signal?: AbortSignal) => {
    await callApi(connection, { method, path, result: Type.String(), ...(body !== undefined && { body }) }, signal)
  }
  return {
    list: (signal) => callApi(connection, { method: 'GET', path: ALL, result: Type.Array(resourceGroupEntry) }, signal),
    create: (group, signal) => send('POST', ALL, group, signal),
    change: (group, signal) => send('PUT', ALL, group, signal),
    remove: (name, signal) => send('DELETE', pathOf(name), undefined, signal),
    allocation: (name, signal) => {
      const path = `/optimize/optimizerGroups/${encodeURIComponent(name)}/allocation`
      return callApi(connection, { method: 'GET', path, result: groupAllocation }, signal)
    },
    registration: (name, signal) =>
      callApi(connection, { method: 'GET', path: `${pathOf(name)}/registration`, result: groupRegistration }, signal),
  }
}
