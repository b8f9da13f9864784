import type { EpochMs } from '@moraine/stdx/brand'
import type { Namespace } from '../table-identifier.ts'
import type { InternalPointer } from './table-pointers.ts'

/** A table or view whose name was taken away, and where it led. Until `purgeAt` it can be had back. */
export type DroppedPointer = InternalPointer & {
  readonly dropId: string
  readonly droppedAt: EpochMs
  readonly purgeAt: EpochMs
  /** Whether its files go then; otherwise it is just forgotten. */
  readonly purgesFiles: boolean
}

export type Drop = Pick<DroppedPointer, 'dropId' | 'droppedAt' | 'purgeAt' | 'purgesFiles'>

/** When, and how, what was dropped is purged. */
export type PurgeOrder = Pick<DroppedPointer, 'purgeAt' | 'purgesFiles'>

/** What is not found, though it lies there. */
export type Except = {
  /** What was dropped by this id. */
  readonly dropId?: string
  /** What has this name, and what was dropped under it unless that is being purged. */
  readonly named?: Pick<InternalPointer, 'catalog' | 'namespace' | 'name'>
}

/** What was dropped and can still be had back, in the same store as the pointers. */
export interface DroppedPointers {
  /** Takes the name away; `undefined` if the pointer does not stand any more. */
  dropPointer(pointer: InternalPointer, drop: Drop): Promise<DroppedPointer | undefined>
  /** Of one catalog, the last dropped first; also those whose purge has begun, until they are forgotten. */
  listDropped(
    catalog: string,
    page: { readonly offset: number; readonly limit: number },
  ): Promise<readonly DroppedPointer[]>
  findDropped(catalog: string, dropId: string): Promise<DroppedPointer | undefined>
  /** What was dropped under one name, tables and views, the last dropped first; not those whose purge has begun. */
  findDroppedNamed(named: Pick<InternalPointer, 'catalog' | 'namespace' | 'name'>): Promise<readonly DroppedPointer[]>
  /** Gives the pointer the name `to`. It is `absent` from when its time has come, also if its purge has not begun. */
  restoreDropped(
    catalog: string,
    dropId: string,
    to: { readonly namespace: Namespace; readonly name: string },
    now: EpochMs,
  ): Promise<'restored' | 'absent' | 'exists' | 'no-namespace'>
  /**
   * Ends its time at `purgeAt`, and settles whether its files go then. `undefined` if it is not there any more, or its purge
   * has begun.
   */
  advancePurge(catalog: string, dropId: string, to: PurgeOrder): Promise<DroppedPointer | undefined>
  /**
   * Begins to purge what was dropped, which nobody can have back then; `false` if it is not there any more, its time has
   * not come, or it is to be purged in another way by now. Begun once, it goes on after a crash.
   */
  claimPurge(dropped: Pick<DroppedPointer, 'dropId' | 'purgesFiles'>, now: EpochMs): Promise<boolean>
  /** Those whose time has come, in the order in which it came. */
  listDueDrops(
    now: EpochMs,
    page: { readonly offset: number; readonly limit: number },
  ): Promise<readonly DroppedPointer[]>
  forgetDropped(dropId: string): Promise<void>
  /**
   * Another table or view, of any catalog, dropped or not, that has one of its places at or below one of the folders, or its
   * metadata file below. However the two are spelled. One that has a name rather than one that was dropped.
   */
  findPointerUnder(folders: readonly string[], except?: Except): Promise<InternalPointer | undefined>
  /** Likewise one in, or at, whose places one of the folders is. */
  findPointerAround(folders: readonly string[], except?: Except): Promise<InternalPointer | undefined>
}
