import type { JsonObject } from '@moraine/stdx/exact-json'
import {
  failAt,
  inside,
  int32,
  type JsonDecoder,
  listOf,
  record,
  required,
  text,
} from '@moraine/stdx/exact-json-decode'
import { decodeTransform, encodeTransform } from '../partition/partition-spec-json.ts'
import type { SortField, SortOrder } from './sort-order.ts'

// Sort orders in JSON (table spec, Appendix C, "Sort Orders").

export const decodeSortOrder: JsonDecoder<SortOrder> = (value, place) => {
  const json = record(value, place)
  const order = { orderId: required(json, 'order-id', int32), fields: required(json, 'fields', listOf(decodeField)) }
  if ((order.orderId === 0) !== (order.fields.length === 0)) {
    failAt(inside(place, 'order-id'), `is ${order.orderId} with ${order.fields.length} fields; 0 is the unsorted order`)
  }
  return order
}

export function encodeSortOrder(order: SortOrder): JsonObject {
  return {
    'order-id': order.orderId,
    fields: order.fields.map((field) => ({
      ...encodeTransform(field),
      direction: field.direction,
      'null-order': field.nullOrder,
    })),
  }
}

const decodeField: JsonDecoder<SortField> = (value, place) => {
  const json = record(value, place)
  return {
    ...decodeTransform(json),
    direction: required(json, 'direction', decodeDirection),
    nullOrder: required(json, 'null-order', decodeNullOrder),
  }
}

const decodeDirection: JsonDecoder<SortField['direction']> = (value, place) => {
  const direction = text(value, place).toLowerCase()
  return direction === 'asc' || direction === 'desc' ? direction : failAt(place, 'is neither asc nor desc')
}

const decodeNullOrder: JsonDecoder<SortField['nullOrder']> = (value, place) => {
  const order = text(value, place).toLowerCase()
  if (order === 'nulls-first' || order === 'nulls-last') return order
  return failAt(place, 'is neither nulls-first nor nulls-last')
}
