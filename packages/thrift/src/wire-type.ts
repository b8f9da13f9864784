/** The type codes of Thrift's binary protocol, used here for both protocols (Thrift `TType`). */
export const WireType = {
  stop: 0,
  bool: 2,
  i8: 3,
  double: 4,
  i16: 6,
  i32: 8,
  i64: 10,
  binary: 11,
  struct: 12,
  map: 13,
  set: 14,
  list: 15,
  uuid: 16,
} as const

export type WireType = (typeof WireType)[keyof typeof WireType]

const NAMES: ReadonlyMap<number, string> = new Map(Object.entries(WireType).map(([name, code]) => [code, name]))

/** For messages: `i32`, or `type 99` for a code that does not exist. */
export function wireTypeName(code: number): string {
  return NAMES.get(code) ?? `type ${code}`
}
