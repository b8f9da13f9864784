import { must } from '@moraine/stdx/assert'
import {
  encodeCompactTree,
  structList,
  structOf,
  structsOf,
  type ThriftList,
  type ThriftStruct,
} from '@moraine/thrift/thrift-tree'
import { TYPE_DEFINED_ORDER } from '../footer/edit-footer.ts'
import type { ConcatInput } from './concat-plan.ts'
import type { InputColumns } from './output-schema.ts'

/** The order by which readers understand min and max values: one entry per column, or none at all. */
export type ColumnOrders =
  | { readonly kind: 'equal'; readonly list: ThriftList | undefined }
  | { readonly kind: 'differ' }

/** Orders apply to a whole file, so they can only be kept where the inputs agree; without them readers trust less. */
export function agreeOnColumnOrders(inputs: readonly ConcatInput[], columns: readonly InputColumns[]): ColumnOrders {
  let agreed: { list: ThriftStruct[]; text: string } | undefined
  for (const [at, input] of inputs.entries()) {
    const list = ownOrders(input.source.footer.tree, must(columns[at], 'the columns of an input'))
    const text = Buffer.from(encodeCompactTree(structOf({ 1: structList(list) }))).toString('latin1')
    agreed ??= { list, text }
    if (agreed.text !== text) return { kind: 'differ' }
  }
  return { kind: 'equal', list: agreed === undefined || agreed.list.length === 0 ? undefined : structList(agreed.list) }
}

function ownOrders(tree: ThriftStruct, columns: InputColumns): ThriftStruct[] {
  const orders = structsOf(tree, 7)
  if (orders.length !== columns.order.length) return []
  const moved = columns.order.map((from) => must(orders[from], 'a column order'))
  return columns.appendLineage ? [...moved, TYPE_DEFINED_ORDER, TYPE_DEFINED_ORDER] : moved
}
