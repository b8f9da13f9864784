import type { ProcessId } from '@moraine/lifecycle/identity'
import type { OptimizingType } from '@moraine/lifecycle/optimizing-type'
import type { EpochMs } from '@moraine/stdx/brand'

/** What a person wants optimized now. */
export type OptimizeRequest = RequestedParts & {
  readonly type: 'auto' | OptimizingType
  readonly requestedAt: EpochMs
  /** Name of the principal; of several requests that of the first. */
  readonly by?: string
}

/** What becomes of a request when its table is planned. */
export type RequestEnd =
  | { readonly kind: 'planned'; readonly processId: ProcessId }
  | { readonly kind: 'nothing-to-do' | 'failed'; readonly reason: string }

export type PastRequest = OptimizeRequest & RequestEnd & { readonly answeredAt: EpochMs }

/** Of a table. */
export type RequestedParts = {
  /** A filter in the words of `self-optimizing.filter`; absent for the whole table. */
  readonly filter?: string
  /** Names of partitions, at most {@link PARTITIONS_MAX}; absent for all that pass the filter. */
  readonly partitions?: readonly string[]
}

/** Kept in the table's row, which is read whenever the table is looked at. */
export const PARTITIONS_MAX = 1000

/** Whether a plan that has nothing to do says that nothing is due in the table: not one that looked for less than that. */
export function looksForAll(request: OptimizeRequest): boolean {
  return (request.type === 'auto' || request.type === 'full') && isOfTable(request)
}

/** Whether the partition is named, or all are asked for. What a filter takes is not known without the files. */
export function asksFor({ filter, partitions }: OptimizeRequest, partitionPath: string): boolean {
  return partitions === undefined ? filter === undefined : partitions.includes(partitionPath)
}

const NAMED_MAX = 3

/** For people: that somebody asked, and for what of the table. */
export function requestText({ type, filter, partitions = [] }: OptimizeRequest): string {
  const named = partitions.slice(0, NAMED_MAX).map((path) => (path === '' ? 'the files of no partition' : path))
  const rest = partitions.length - named.length
  const what = named.length === 0 ? 'it' : `${named.join(', ')}${rest === 0 ? '' : ` and ${rest} more`}`
  return `a person asked for ${what}${filter === undefined ? '' : ` where ${filter}`}${type === 'auto' ? '' : `, as ${type}`}`
}

/** Of the whole table, not of parts of it. */
export function isOfTable({ filter, partitions }: RequestedParts): boolean {
  return filter === undefined && partitions === undefined
}
