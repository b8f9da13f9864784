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

/** What was dropped and can still be had back, in the same store as the pointers. */
export interface DroppedPointers {
  /** Takes the name away; `undefined` if nothing of that kind has it. */
  dropPointer(pointer: Omit<InternalPointer, 'metadataLocation'>, drop: Drop): Promise<DroppedPointer | undefined>
  /** Of one catalog, the last dropped first. */
  listDropped(
    catalog: string,
    page: { readonly offset: number; readonly limit: number },
  ): Promise<readonly DroppedPointer[]>
  findDropped(catalog: string, dropId: string): Promise<DroppedPointer | undefined>
  /** Gives the pointer a name again, `to` or the one it had. */
  restoreDropped(
    catalog: string,
    dropId: string,
    to: { readonly namespace: Namespace; readonly name: string },
  ): Promise<'restored' | 'absent' | 'exists' | 'no-namespace'>
  /** Those whose time has come. */
  listDueDrops(now: EpochMs, limit: number): Promise<readonly DroppedPointer[]>
  forgetDropped(dropId: string): Promise<void>
  /** Another table or view, dropped or not, whose metadata file's location starts with one of these. */
  findPointerUnder(prefixes: readonly string[], exceptDropId: string): Promise<InternalPointer | undefined>
}
