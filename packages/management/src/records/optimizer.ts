import type { OptimizerId, ResourceId } from '@moraine/lifecycle/identity'
import type { OptimizerState } from '@moraine/lifecycle/optimizer-status'
import type { EpochMs } from '@moraine/stdx/brand'

/** One registration of a worker process. Its credential is not here: only the hash is stored, for looking it up. */
export type Optimizer = {
  readonly optimizerId: OptimizerId
  readonly group: string
  /** The container that launched it; empty if it was started by hand. */
  readonly container: string
  readonly resourceId: string
  readonly threads: number
  /** Of all its threads together, as it registered; that of a resource is for each thread. */
  readonly memoryMb: number
  readonly registeredAt: EpochMs
  readonly properties: Readonly<Record<string, string>>
  readonly state: OptimizerState
}

/** Reads optimizers. They change only through `StateStore.apply`, except for their heartbeat. */
export interface OptimizerStore {
  findOptimizer(optimizerId: OptimizerId): Promise<Optimizer | undefined>
  findOptimizerByToken(tokenHash: string): Promise<Optimizer | undefined>
  /** Those not gone, in order of registration; of one group if named. */
  listLiveOptimizers(group?: string): Promise<readonly Optimizer[]>
  /** Sets the time of the last heartbeat of one that is not gone; says whether there was one. */
  touchOptimizer(optimizerId: OptimizerId, now: EpochMs): Promise<boolean>
  /** When the last of those that were launched for the resource went; `undefined` if none is known that did. */
  lastGoneAt(resourceId: ResourceId): Promise<EpochMs | undefined>
  /** When the last attempt of each live optimizer of a group ended, by optimizer; absent if none has. */
  lastAttemptEnds(group: string): Promise<ReadonlyMap<OptimizerId, EpochMs>>
  /** Gone before `before`. */
  listGone(before: EpochMs, limit: number): Promise<readonly OptimizerId[]>
}

/** Threads that may be given tasks. */
export function activeThreads(optimizers: readonly Optimizer[]): number {
  return optimizers.reduce((sum, { state, threads }) => sum + (state.status === 'active' ? threads : 0), 0)
}
