import { unreachable } from '@moraine/stdx/assert'
import type { ReadBudget } from './read-budget.ts'
import { corruptThrift, type ThriftReader } from './thrift-reader.ts'
import { WireType } from './wire-type.ts'

export type NestedType =
  | typeof WireType.struct
  | typeof WireType.list
  | typeof WireType.set
  | typeof WireType.map
  | typeof WireType.stop

/** Moves past a struct or a container; its parts are skipped by the reader, which knows how they are written. */
export function skipNested(reader: ThriftReader, type: NestedType, budget: ReadBudget): void {
  switch (type) {
    case WireType.struct:
      reader.structBegin()
      while (reader.nextField()) reader.skip(reader.fieldType)
      return
    case WireType.list:
    case WireType.set: {
      const { elementType, size } = reader.listBegin()
      budget.enter()
      for (let i = 0; i < size; i += 1) reader.skip(elementType)
      budget.leave()
      return
    }
    case WireType.map: {
      const { keyType, valueType, size } = reader.mapBegin()
      budget.enter()
      for (let i = 0; i < size; i += 1) {
        reader.skip(keyType)
        reader.skip(valueType)
      }
      budget.leave()
      return
    }
    case WireType.stop:
      throw corruptThrift(`a value without a type at byte ${reader.position}`)
    default:
      unreachable(type)
  }
}
