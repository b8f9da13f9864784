import type { GroupAllocationBody } from '@moraine/api/rest/allocation-schemas'
import type {
  ContainerEntry,
  GroupBody,
  GroupRegistrationBody,
  OptimizerEntryBody,
  ResourceEntryBody,
  ResourceGroupEntry,
} from '@moraine/api/rest/resource-schemas'
import type { TableEntry } from '@moraine/api/rest/table-schemas'
import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { call } from './call.ts'
import type { ListPage } from './queries.ts'

/** Below this key is all that a change of groups or optimizers may change. */
export const RESOURCES = ['resources'] as const

const LIVE_MS = 5000

export const groupsQuery = queryOptions({
  queryKey: [...RESOURCES, 'groups'],
  queryFn: ({ signal }) => call<readonly ResourceGroupEntry[]>('/optimize/resourceGroups', { signal }),
  refetchInterval: LIVE_MS,
})

export const containersQuery = queryOptions({
  queryKey: [...RESOURCES, 'containers'],
  queryFn: ({ signal }) => call<readonly ContainerEntry[]>('/settings/containers', { signal }),
})

/** Why a group has the optimizers that it has. */
export function allocationQuery(group: string) {
  return queryOptions({
    queryKey: [...RESOURCES, 'allocation', group],
    queryFn: ({ signal }) => call<GroupAllocationBody>(`${groupAddress(group)}/allocation`, { signal }),
    refetchInterval: 2 * LIVE_MS,
  })
}

export function optimizersQuery(group: string) {
  return queryOptions({
    queryKey: [...RESOURCES, 'optimizers', group],
    queryFn: ({ signal }) => call<ListPage<OptimizerEntryBody>>(`${groupAddress(group)}/optimizers`, { signal }),
    refetchInterval: LIVE_MS,
  })
}

/** What was asked for in a group, and what became of it. */
export function launchesQuery(group: string) {
  return queryOptions({
    queryKey: [...RESOURCES, 'launches', group],
    queryFn: ({ signal }) => call<readonly ResourceEntryBody[]>(`${groupAddress(group)}/resources`, { signal }),
    refetchInterval: LIVE_MS,
  })
}

export type QueueAsked = {
  readonly group: string
  readonly search: string
  /** A word of the service for what a table is busy with; all if empty. */
  readonly status: string
  /** From 1. */
  readonly page: number
}

export const QUEUE_PAGE = 25

export function queueQuery({ group, search, status, page }: QueueAsked) {
  return queryOptions({
    queryKey: [...RESOURCES, 'queue', group, search, status, page],
    queryFn: ({ signal }) =>
      call<ListPage<TableEntry>>(`${groupAddress(group)}/tables`, {
        query: {
          page,
          pageSize: QUEUE_PAGE,
          tableSearchInput: search === '' ? undefined : search,
          actions: status === '' ? undefined : status,
        },
        signal,
      }),
    placeholderData: keepPreviousData,
    refetchInterval: LIVE_MS,
  })
}

/** What an optimizer that is started by hand has to be told; with a secret, so it is not kept. */
export function registrationQuery(group: string) {
  return queryOptions({
    queryKey: [...RESOURCES, 'registration', group],
    queryFn: ({ signal }) => call<GroupRegistrationBody>(`${savedAddress(group)}/registration`, { signal }),
    gcTime: 0,
  })
}

export function saveGroup(group: GroupBody, isNew: boolean): Promise<unknown> {
  return call('/optimize/resourceGroups', { method: isNew ? 'POST' : 'PUT', body: group })
}

export function removeGroup(name: string): Promise<unknown> {
  return call(savedAddress(name), { method: 'DELETE' })
}

/** Asks for one more optimizer, of so many threads. */
export function launchOptimizer(group: string, parallelism: number): Promise<unknown> {
  return call(`${groupAddress(group)}/optimizers`, { method: 'POST', body: { parallelism } })
}

/** Whoever was started by hand is only told to take no more. */
export function dismissOptimizer(id: string, isByHand: boolean): Promise<unknown> {
  return call(`/optimize/optimizers/${encodeURIComponent(id)}`, {
    method: 'DELETE',
    query: { drain: isByHand ? 'true' : undefined },
  })
}

function groupAddress(group: string): string {
  return `/optimize/optimizerGroups/${encodeURIComponent(group)}`
}

function savedAddress(group: string): string {
  return `/optimize/resourceGroups/${encodeURIComponent(group)}`
}
