import type { ResourceId } from '@moraine/lifecycle/identity'
import type { ResourceState } from '@moraine/lifecycle/resource-status'
import type { EpochMs } from '@moraine/stdx/brand'

/** One optimizer that a container is, was, or will be asked to run. */
export type Resource = {
  readonly resourceId: ResourceId
  readonly group: string
  readonly container: string
  readonly threads: number
  /** For each thread. */
  readonly memoryMb: number
  readonly requestedAt: EpochMs
  /** Who wanted it, and why. */
  readonly reason: string
  readonly state: ResourceState
}

/** Reads resources. They change only through `StateStore.apply`. */
export interface ResourceStore {
  findResource(resourceId: ResourceId): Promise<Resource | undefined>
  /** Those not ended, in the order in which they were wanted; of one group if named. */
  listResources(group?: string): Promise<readonly Resource[]>
  /** Those of a group that ended last, the latest first. */
  listLastEnded(group: string, limit: number): Promise<readonly Resource[]>
  /** The last of a group that ended as failures, the latest first. */
  listFailed(group: string, limit: number): Promise<readonly Resource[]>
  /** Ended before `before`. */
  listEnded(before: EpochMs, limit: number): Promise<readonly ResourceId[]>
}
