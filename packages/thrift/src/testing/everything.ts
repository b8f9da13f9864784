import fc from 'fast-check'
import { f, opt, struct } from '../struct.ts'
import { binary, bool, double, i8, i16, i32, i64, list, map, safeI64, set, string } from '../thrift-type.ts'

export const point = struct('Point', { x: f(1, i32), y: f(2, i32) })

/** A struct with a field of every type. */
export const everything = struct('Everything', {
  flag: f(1, bool),
  tiny: f(2, i8),
  short: f(3, i16),
  int: f(4, i32),
  long: f(5, i64),
  size: f(6, safeI64),
  ratio: f(7, double),
  name: f(8, string),
  bytes: f(9, binary),
  flags: f(10, list(bool)),
  points: f(11, list(point)),
  unique: f(12, set(i32)),
  byName: f(13, map(string, list(i64))),
  origin: f(40, point),
  note: opt(300, string),
  late: opt(7000, bool),
})

const plain = { noNullPrototype: true }
const anyPoint = fc.record({ x: fc.integer(), y: fc.integer() }, plain)
const anyI64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })

export const anyEverything = fc.record(
  {
    flag: fc.boolean(),
    tiny: fc.integer({ min: -128, max: 127 }),
    short: fc.integer({ min: -32768, max: 32767 }),
    int: fc.integer(),
    long: anyI64,
    size: fc.maxSafeInteger(),
    ratio: fc.double({ noNaN: true }),
    name: fc.string({ unit: 'binary' }),
    bytes: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    flags: fc.array(fc.boolean(), { maxLength: 20 }),
    points: fc.array(anyPoint),
    unique: fc.array(fc.integer()),
    byName: fc.array(fc.tuple(fc.string(), fc.array(anyI64))).map((entries) => new Map(entries)),
    origin: anyPoint,
  },
  plain,
)
