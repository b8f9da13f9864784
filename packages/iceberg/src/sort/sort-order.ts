import type { Transform } from '../partition/transform.ts'

/** Order 0 is always "unsorted" and has no fields. */
export type SortOrder = {
  readonly orderId: number
  readonly fields: readonly SortField[]
}

export type SortField = {
  readonly sourceIds: readonly number[]
  readonly transform: Transform
  readonly direction: 'asc' | 'desc'
  readonly nullOrder: 'nulls-first' | 'nulls-last'
}
