import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind, MoraineError } from '@moraine/stdx/error'
import { seededRandom } from '@moraine/stdx/random'
import fc from 'fast-check'
import roaring from 'roaring-wasm'
import { decodeRoaringBitmap, encodeRoaringBitmap } from './roaring-bitmap.ts'
import { decodeRoaringPositions, encodeRoaringPositions, POSITIONS_MAX } from './roaring-positions.ts'

await roaring.roaringLibraryInitialize()

const corrupt = (pattern: RegExp) => (error: unknown) => isKind(error, 'corrupt') && pattern.test(error.message)

/** What CRoaring writes after `run_optimize`. */
function oracleEncode(values: Iterable<number>, optimize = true): Uint8Array {
  const bitmap = new roaring.RoaringBitmap32(values)
  if (optimize) bitmap.runOptimize()
  const bytes = Uint8Array.from(bitmap.serialize('portable'))
  bitmap.dispose()
  return bytes
}

function encode(values: Uint32Array): Uint8Array {
  return encodeRoaringBitmap(values, 0, values.length, 0)
}

function decode(bytes: Uint8Array): Uint32Array {
  const { values, end } = decodeRoaringBitmap(bytes, 0, 1 << 24, 'test')
  assert.equal(end, bytes.length)
  return values
}

function ascending(values: Iterable<number>): Uint32Array {
  return Uint32Array.from(new Set(values)).sort()
}

/** Sets with containers of all three kinds: scattered values, dense stretches, runs, and gaps of many containers. */
const anySet: fc.Arbitrary<Uint32Array> = fc
  .array(
    fc.record({
      start: fc.oneof(fc.nat({ max: 300_000 }), fc.nat({ max: 2 ** 32 - 1 })),
      count: fc.nat({ max: 6000 }),
      step: fc.constantFrom(1, 1, 2, 3, 7, 40, 70_000),
    }),
    { maxLength: 6 },
  )
  .map((stretches) =>
    ascending(
      stretches.flatMap(({ start, count, step }) =>
        Array.from({ length: count }, (_, index) => start + index * step).filter((value) => value < 2 ** 32),
      ),
    ),
  )

test('any set is encoded byte for byte as CRoaring encodes it, and comes back', () => {
  fc.assert(
    fc.property(anySet, (values) => {
      const bytes = encode(values)
      assert.deepEqual(bytes, oracleEncode(values))
      assert.deepEqual(decode(bytes), values)
    }),
    { numRuns: 60 },
  )
})

const range = (from: number, to: number, step = 1) =>
  Uint32Array.from({ length: Math.ceil((to - from) / step) }, (_, index) => from + index * step)

for (const [name, values] of [
  ['no value', new Uint32Array()],
  ['the greatest value', Uint32Array.of(2 ** 32 - 1)],
  ['the most values of an array', range(0, 4096 * 2, 2)],
  ['the fewest values of a bitmap', range(0, 4097 * 2, 2)],
  ['a full container', range(0, 65_536)],
  ['a run over the edge of a container', range(65_000, 66_000)],
  ['two values, where an array and a run are of one size', Uint32Array.of(8, 9)],
  ['three values in one run', Uint32Array.of(8, 9, 10)],
  [
    'three runs containers without offsets',
    ascending([...range(0, 9), ...range(70_000, 70_009), ...range(140_000, 140_009)]),
  ],
  [
    'four run containers with offsets',
    ascending([0, 1, 2, 3].flatMap((key) => [...range(key * 65_536, key * 65_536 + 9)])),
  ],
  ['the most runs that beat a bitmap', ascending([...range(0, 65_536)].filter((value) => value % 32 !== 31))],
  ['every container', range(0, 2 ** 32, 65_536)],
] as const) {
  test(`byte for byte as CRoaring: ${name}`, () => {
    const bytes = encode(values)
    assert.deepEqual(bytes, oracleEncode(values))
    assert.deepEqual(decode(bytes), values)
  })
}

test('what CRoaring writes without run optimisation is read', () => {
  fc.assert(
    fc.property(anySet, (values) => assert.deepEqual(decode(oracleEncode(values, false)), values)),
    { numRuns: 25 },
  )
})

/** Little-endian 16-bit numbers. */
function u16(...values: number[]): Uint8Array {
  return new Uint8Array(values.flatMap((value) => [value & 0xff, value >> 8]))
}

test('damage is refused: false order, counts, offsets and ends', () => {
  const refuse = (bytes: Uint8Array, message: RegExp) =>
    assert.throws(() => decodeRoaringBitmap(bytes, 0, 1000, 'dv'), corrupt(message))
  refuse(u16(12345, 0), /the first bytes \(12345\)/)
  refuse(u16(12346, 0, 0), /ends too early/)
  refuse(u16(12346, 0, 1, 1), /cannot be 65537 containers/)
  refuse(u16(12346, 0, 1, 0, 0, 1, 16, 0, 5), /ends too early/)
  refuse(u16(12346, 0, 1, 0, 0, 1, 16, 0, 5, 5), /values are out of order/)
  refuse(u16(12346, 0, 1, 0, 0, 0, 18, 0, 5), /not where the header says/)
  refuse(u16(12346, 0, 2, 0, 3, 0, 3, 0, 24, 0, 26, 0, 5, 5), /containers are out of order/)
  const runs = (...container: number[]) => Uint8Array.from([...u16(12347, 0), 1, ...u16(...container)])
  assert.deepEqual(decodeRoaringBitmap(runs(0, 2, 2, 5, 0, 7, 1), 0, 10, 'dv').values, Uint32Array.of(5, 7, 8))
  refuse(runs(0, 1, 2, 5, 0, 7, 1), /runs have more values/)
  refuse(runs(0, 3, 2, 5, 0, 7, 1), /runs have fewer values/)
  refuse(runs(0, 2, 2, 5, 1, 6, 0), /runs overlap/)
  refuse(runs(0, 1, 1, 65_535, 1), /runs overlap/)
  const bits = (count: number) =>
    Uint8Array.from([...u16(12346, 0, 1, 0, 0, count - 1, 16, 0), ...new Uint8Array(8192).fill(0xff, 0, 625)])
  assert.deepEqual(decodeRoaringBitmap(bits(5000), 0, 5000, 'dv').values, range(0, 5000))
  assert.throws(() => decodeRoaringBitmap(bits(4999), 0, 5000, 'dv'), corrupt(/a bitmap has 5000 values, not the 4999/))
  assert.throws(() => decodeRoaringBitmap(bits(5001), 0, 5001, 'dv'), corrupt(/a bitmap has 5000 values, not the 5001/))
})

test('few bytes that stand for very many positions are refused before memory is taken', () => {
  const full = Array.from({ length: 65_536 }, (_, key) => key)
  const bytes = Buffer.concat([
    u16(12347, 65_535),
    new Uint8Array(8192).fill(0xff),
    ...full.map((key) => u16(key, 65_535)),
    new Uint8Array(4 * 65_536),
  ])
  assert.throws(
    () => decodeRoaringBitmap(bytes, 0, POSITIONS_MAX, 'dv'),
    (error) => isKind(error, 'unsupported') && /dv has 4294967296 positions/.test(error.message),
  )
})

/** A 64-bit vector by the letter of the Puffin specification, with CRoaring's bitmaps. */
function oracleVector(parts: readonly (readonly [number, readonly number[]])[]): Uint8Array {
  const count = Buffer.alloc(8)
  count.writeBigUInt64LE(BigInt(parts.length))
  return Buffer.concat([
    count,
    ...parts.flatMap(([key, values]) => {
      const head = Buffer.alloc(4)
      head.writeUInt32LE(key)
      return [head, oracleEncode(values)]
    }),
  ])
}

test('positions below 2^32 are 32-bit integers, others are exact doubles', () => {
  const small = Uint32Array.of(0, 5, 2 ** 32 - 1)
  assert.deepEqual(Buffer.from(encodeRoaringPositions(small)), oracleVector([[0, [...small]]]))
  assert.deepEqual(decodeRoaringPositions(encodeRoaringPositions(small), 'dv'), small)
  const large = Float64Array.of(7, 2 ** 32, 2 ** 32 + 9, 2 ** 40 + 1, Number.MAX_SAFE_INTEGER)
  const vector = oracleVector([
    [0, [7]],
    [1, [0, 9]],
    [256, [1]],
    [2 ** 21 - 1, [2 ** 32 - 1]],
  ])
  assert.deepEqual(Buffer.from(encodeRoaringPositions(large)), vector)
  assert.deepEqual(decodeRoaringPositions(vector, 'dv'), large)
})

test('empty vectors, and empty bitmaps for keys without positions, are read', () => {
  assert.deepEqual(encodeRoaringPositions([]), new Uint8Array(8))
  assert.deepEqual(decodeRoaringPositions(new Uint8Array(8), 'dv'), new Uint32Array())
  assert.deepEqual(
    decodeRoaringPositions(
      oracleVector([
        [0, []],
        [1, []],
        [2, [3]],
      ]),
      'dv',
    ),
    Float64Array.of(2 ** 33 + 3),
  )
})

test('a vector out of order, beyond 2^53, too short or too long is refused', () => {
  const refuse = (bytes: Uint8Array, message: RegExp) =>
    assert.throws(() => decodeRoaringPositions(bytes, 'dv'), corrupt(message))
  refuse(new Uint8Array(7), /ends too early/)
  refuse(
    oracleVector([
      [1, [1]],
      [1, [2]],
    ]),
    /out of order/,
  )
  refuse(oracleVector([[2 ** 21, [0]]]), /beyond any file/)
  refuse(Buffer.concat([oracleVector([[0, [1]]]), Uint8Array.of(0)]), /bytes are left/)
  refuse(Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 255), /fewer than 18446744073709551615 bitmaps/)
})

test('positions out of order or not integers are not encoded', () => {
  for (const positions of [[2, 1], [1, 1], [-1], [1.5], [Number.NaN], [2 ** 53]]) {
    assert.throws(
      () => encodeRoaringPositions(positions),
      (error) => isKind(error, 'invalid-input'),
    )
  }
})

test('noise and damaged vectors are read or refused, never a crash', () => {
  const random = seededRandom(3)
  const originals = [range(0, 9000, 2), ascending([...range(0, 500), ...range(70_000, 80_000, 9)]), range(0, 50)].map(
    (values) => encodeRoaringPositions(values),
  )
  for (let run = 0; run < 1500; run += 1) {
    const draw = new DataView(random.bytes(12).buffer)
    const original = originals[run % originals.length] ?? new Uint8Array()
    const damaged = Uint8Array.from(original)
    const at = draw.getUint32(0) % Math.min(original.length, run % 2 === 0 ? 60 : original.length)
    damaged[at] = (damaged[at] ?? 0) ^ (1 << (draw.getUint8(4) & 7))
    const length = run % 5 === 0 ? draw.getUint32(8) % original.length : original.length
    try {
      decodeRoaringPositions(damaged.subarray(0, length), 'dv')
    } catch (error) {
      assert.ok(error instanceof MoraineError, `run ${run}: ${String(error)}`)
    }
  }
})
