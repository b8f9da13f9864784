import { MoraineError } from '@moraine/stdx/error'
import { findField, structOf, type ThriftStruct, type ThriftValue, textValue } from '@moraine/thrift/thrift-tree'
import { WireType } from '@moraine/thrift/wire-type'

// Fields of the metastore's structs, by their ids in hive_metastore.thrift.

export const TableField = {
  tableName: 1,
  dbName: 2,
  owner: 3,
  createTime: 4,
  lastAccessTime: 5,
  retention: 6,
  storage: 7,
  partitionKeys: 8,
  parameters: 9,
  tableType: 12,
} as const

export const StorageField = { columns: 1, location: 2, inputFormat: 3, outputFormat: 4, serde: 7 } as const
export const SerdeField = { library: 2, parameters: 3 } as const
export const ColumnField = { name: 1, type: 2, comment: 3 } as const

export const DatabaseField = {
  name: 1,
  description: 2,
  locationUri: 3,
  parameters: 4,
  ownerName: 6,
  ownerType: 7,
} as const

export type Parameters = ReadonlyMap<string, string>

/** A text field, or `undefined` if it is absent. */
export function textField(struct: ThriftStruct, id: number): string | undefined {
  const value = findField(struct, id)
  if (value === undefined) return undefined
  return textOf(value)
}

/** A map of texts; empty if the field is absent. */
export function parametersField(struct: ThriftStruct, id: number): Parameters {
  const value = findField(struct, id)
  if (value === undefined) return new Map()
  if (value.type !== 'map') throw damaged(`field ${id} is a ${value.type}, not a map`)
  return new Map(value.entries.map(([key, item]) => [textOf(key), textOf(item)]))
}

export function parametersValue(parameters: Parameters): ThriftValue {
  const entries = [...parameters].map(([key, value]) => [textValue(key), textValue(value)] as const)
  return { type: 'map', keyType: WireType.binary, valueType: WireType.binary, entries }
}

export function i32Value(value: number): ThriftValue {
  return { type: 'i32', value }
}

export function columnStruct({ name, type, comment }: HiveColumn): ThriftStruct {
  return structOf({
    [ColumnField.name]: textValue(name),
    [ColumnField.type]: textValue(type),
    [ColumnField.comment]: comment === undefined ? undefined : textValue(comment),
  })
}

/** A column as Hive describes it. */
export type HiveColumn = { readonly name: string; readonly type: string; readonly comment?: string }

function textOf(value: ThriftValue): string {
  if (value.type !== 'binary') throw damaged(`a ${value.type} stands where a text belongs`)
  return Buffer.from(value.value.buffer, value.value.byteOffset, value.value.byteLength).toString()
}

function damaged(what: string): MoraineError {
  return new MoraineError('corrupt', `damaged answer of the metastore: ${what}`)
}
