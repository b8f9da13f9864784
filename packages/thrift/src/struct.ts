import { corruptThrift, type ThriftReader } from './thrift-reader.ts'
import { expectType, type ThriftType } from './thrift-type.ts'
import type { ThriftWriter } from './thrift-writer.ts'
import { WireType } from './wire-type.ts'

/**
 * Declares a struct (or union, or the arguments of a method) once, for both protocols and for the type checker:
 *
 * ```ts
 * export const taskId = struct('OptimizingTaskId', { processId: f(1, i64), taskId: f(2, i32) })
 * export const task = struct('OptimizingTask', { taskId: f(1, taskId), taskInput: opt(2, binary) })
 * export type Task = ValueOf<typeof task> // { readonly taskId: ...; readonly taskInput?: Uint8Array }
 * ```
 *
 * Unknown fields are skipped; where they must survive, use thrift-tree.ts. A field with the wrong wire type, a
 * declared field that occurs twice and a missing required field are `corrupt`.
 */
export function struct<F extends Fields>(name: string, fields: F): DeclaredStruct<F> {
  const slots = Object.entries(fields).map(([key, field]) => ({ key, ...field }))
  const byId: (Slot | undefined)[] = []
  for (const slot of slots) byId[slot.id] = slot
  const inOrder = slots.toSorted((a, b) => a.id - b.id)
  return {
    name,
    fields,
    wireType: WireType.struct,
    read: (reader) => readFields(name, inOrder, byId, reader) as StructValue<F>,
    write: (writer, value) => writeFields(inOrder, writer, value),
  }
}

/** A field that is always there. */
export function f<T>(id: number, type: ThriftType<T>): Field<T, true> {
  return { id, type, required: true }
}

/** A field that may be missing. */
export function opt<T>(id: number, type: ThriftType<T>): Field<T, false> {
  return { id, type, required: false }
}

export type Field<T, Required extends boolean> = {
  readonly id: number
  readonly type: ThriftType<T>
  readonly required: Required
}

export type Fields = { readonly [key: string]: Field<unknown, boolean> }

export type DeclaredStruct<F extends Fields> = ThriftType<StructValue<F>> & {
  readonly name: string
  readonly fields: F
}

export type StructValue<F extends Fields> = Flat<
  { readonly [K in RequiredKeys<F>]: FieldValue<F[K]> } & {
    readonly [K in Exclude<keyof F, RequiredKeys<F>>]?: FieldValue<F[K]>
  }
>

type FieldValue<X> = X extends Field<infer T, boolean> ? T : never
type RequiredKeys<F extends Fields> = { [K in keyof F]: F[K]['required'] extends true ? K : never }[keyof F]
type Flat<T> = { [K in keyof T]: T[K] }
type Slot = Field<unknown, boolean> & { readonly key: string }
type Values = Record<string, unknown>

function readFields(
  name: string,
  slots: readonly Slot[],
  byId: readonly (Slot | undefined)[],
  reader: ThriftReader,
): Values {
  const values: Values = {}
  reader.structBegin()
  while (reader.nextField()) {
    const slot = byId[reader.fieldId]
    if (slot === undefined) {
      reader.skip(reader.fieldType)
      continue
    }
    expectType(`${name}.${slot.key}`, reader.fieldType, slot.type.wireType)
    if (values[slot.key] !== undefined) throw corruptThrift(`${name}.${slot.key} occurs twice`)
    values[slot.key] = slot.type.read(reader)
  }
  for (const slot of slots) {
    if (slot.required && values[slot.key] === undefined) throw corruptThrift(`${name}.${slot.key} is missing`)
  }
  return values
}

function writeFields(slots: readonly Slot[], writer: ThriftWriter, values: Values): void {
  writer.structBegin()
  for (const { key, id, type } of slots) {
    const value = values[key]
    if (value === undefined) continue
    if (type.wireType === WireType.bool) writer.boolField(id, value as boolean)
    else {
      writer.field(id, type.wireType)
      type.write(writer, value)
    }
  }
  writer.structEnd()
}
