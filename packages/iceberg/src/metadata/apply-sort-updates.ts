import { findSourceProblem } from '../partition/check-partition-spec.ts'
import { isSameTransform } from '../partition/transform.ts'
import type { Schema } from '../schema/schema.ts'
import type { SortField, SortOrder } from '../sort/sort-order.ts'
import { currentSchema, invalid, type MetadataDraft, nextId } from './metadata-draft.ts'

/** Adds the order under the next free id, or takes the equal one the table has. Id 0 is the unsorted order's alone. */
export function addSortOrder(draft: MetadataDraft, order: SortOrder): void {
  const known = draft.sortOrders.find((candidate) => isSameOrder(candidate, order))
  if (known !== undefined) {
    draft.added.sortOrderId = known.orderId
    return
  }
  const problem = findSortProblem(order, currentSchema(draft))
  if (problem !== undefined) invalid(`invalid sort order: ${problem}`)
  const orderIds = draft.sortOrders.map((candidate) => candidate.orderId)
  const orderId = order.fields.length === 0 ? 0 : nextId(orderIds, 1)
  draft.sortOrders = [...draft.sortOrders, { ...order, orderId }]
  draft.added.sortOrderId = orderId
}

export function setDefaultSortOrder(draft: MetadataDraft, sortOrderId: number): void {
  const id = sortOrderId === -1 ? draft.added.sortOrderId : sortOrderId
  if (id === undefined) invalid('cannot set the last added sort order: no sort order has been added')
  if (!draft.sortOrders.some((order) => order.orderId === id)) {
    invalid(`cannot set default sort order to unknown order ${id}`)
  }
  draft.defaultSortOrderId = id
}

/** Why rows of the schema cannot be sorted by the order; `undefined` if they can. */
export function findSortProblem(order: SortOrder, schema: Schema): string | undefined {
  for (const field of order.fields) {
    const problem = findSourceProblem(field, schema)
    if (problem !== undefined) return `a sort field ${problem}`
  }
  return undefined
}

function isSameOrder(a: SortOrder, b: SortOrder): boolean {
  return a.fields.length === b.fields.length && a.fields.every((field, at) => isSameField(field, b.fields[at]))
}

function isSameField(a: SortField, b: SortField | undefined): boolean {
  return (
    b !== undefined &&
    a.direction === b.direction &&
    a.nullOrder === b.nullOrder &&
    a.sourceIds.length === b.sourceIds.length &&
    a.sourceIds.every((id, at) => id === b.sourceIds[at]) &&
    isSameTransform(a.transform, b.transform)
  )
}
