import assert from 'node:assert/strict'
import { test } from 'node:test'
import { zstdCompressSync } from 'node:zlib'
import { isKind, MoraineError } from '@moraine/stdx/error'
import { seededRandom } from '@moraine/stdx/random'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import type { SnapshotId } from '../metadata/snapshot.ts'
import { decodePuffinFooter, encodePuffinFooter, footerSize, type PuffinFooter } from './puffin-footer.ts'
import { loadPuffinBlob, loadPuffinFooter } from './puffin-reader.ts'
import { type NewPuffinBlob, writePuffin } from './puffin-writer.ts'

const SKETCH: NewPuffinBlob = {
  type: 'apache-datasketches-theta-v1',
  fields: [1, 3],
  snapshotId: (2n ** 63n - 1n) as SnapshotId,
  sequenceNumber: 7,
  properties: { ndv: '12', ü: 'ß' },
  bytes: Buffer.from('a sketch, or what stands for one'),
}
const OTHER: NewPuffinBlob = {
  ...SKETCH,
  type: 'other',
  properties: {},
  bytes: new Uint8Array(5000),
  compressionCodec: 'zstd',
}
const corrupt = (pattern: RegExp) => (error: unknown) => isKind(error, 'corrupt') && pattern.test(error.message)
const unsupported = (pattern: RegExp) => (error: unknown) => isKind(error, 'unsupported') && pattern.test(error.message)

async function stored(bytes: Uint8Array) {
  const io = memoryFileIO()
  const location = 's3://bucket/stats.puffin'
  await io.write(location, bytes)
  return { io, location, fileSizeBytes: bytes.length }
}

test('blobs come back by their footer, compressed or not', async () => {
  const written = writePuffin([SKETCH, OTHER], { 'created-by': 'Moraine' })
  const { io, ...file } = await stored(written.bytes)
  const footer = await loadPuffinFooter(io, file)
  assert.deepEqual(footer, { blobs: written.blobs, properties: { 'created-by': 'Moraine' } })
  assert.deepEqual(await loadPuffinFooter(io, { ...file, footerSizeBytes: written.footerSizeBytes }), footer)
  const [sketch, other] = footer.blobs
  assert.ok(sketch && other)
  assert.equal(sketch.snapshotId, 2n ** 63n - 1n)
  assert.deepEqual([sketch.offset, sketch.length, sketch.compressionCodec], [4, SKETCH.bytes.length, undefined])
  assert.deepEqual(Buffer.from(await loadPuffinBlob(io, file.location, sketch)), SKETCH.bytes)
  assert.ok(other.length < 100)
  assert.deepEqual(new Uint8Array(await loadPuffinBlob(io, file.location, other)), OTHER.bytes)
})

test('the file is laid out as the specification says', () => {
  const { bytes } = writePuffin([], {})
  const payload = '{"blobs":[]}'
  const expected = [
    Buffer.from('PFA1PFA1'),
    Buffer.from(payload),
    Uint8Array.of(payload.length, 0, 0, 0, 0, 0, 0, 0),
    Buffer.from('PFA1'),
  ]
  assert.deepEqual(bytes, new Uint8Array(Buffer.concat(expected)))
})

test('the JSON of a blob has the keys and order of the reference implementation', () => {
  const { bytes } = writePuffin([{ ...SKETCH, properties: { ndv: '12' } }], {})
  const text = Buffer.from(bytes).toString('latin1')
  assert.ok(
    text.includes(
      '{"blobs":[{"type":"apache-datasketches-theta-v1","fields":[1,3],"snapshot-id":9223372036854775807,"sequence-number":7,"offset":4,"length":32,"properties":{"ndv":"12"}}]}',
    ),
  )
})

test('a long footer takes a second request and no third', async () => {
  const blobs = Array.from({ length: 400 }, (_, index) => ({ ...SKETCH, properties: { ndv: String(index) } }))
  const written = writePuffin(blobs, {})
  assert.ok(written.footerSizeBytes > 40_000)
  const { io, ...file } = await stored(written.bytes)
  let requests = 0
  const counting = {
    ...io,
    readRange: (...args: Parameters<typeof io.readRange>) => {
      requests += 1
      return io.readRange(...args)
    },
  }
  assert.equal((await loadPuffinFooter(counting, file)).blobs.length, 400)
  assert.equal(requests, 2)
})

/** A file whose footer has this payload and flags. */
function withFooter(payload: Uint8Array, flags = 0): Uint8Array {
  const tail = Buffer.alloc(8)
  tail.writeInt32LE(payload.length, 0)
  tail.writeUInt32LE(flags, 4)
  return Buffer.concat([Buffer.from('PFA1'), Buffer.from('PFA1'), payload, tail, Buffer.from('PFA1')])
}

function readFooter(file: Uint8Array): PuffinFooter {
  return decodePuffinFooter(
    file.subarray(file.length - footerSize(file, file.length, 'f.puffin')),
    file.length,
    'f.puffin',
  )
}

test('a compressed footer: Zstandard is read, LZ4 and unknown flags are unsupported', () => {
  const json = Buffer.from('{"blobs":[],"properties":{"created-by":"someone"}}')
  assert.deepEqual(readFooter(withFooter(zstdCompressSync(json), 1)).properties, { 'created-by': 'someone' })
  const lz4 = Uint8Array.of(0x04, 0x22, 0x4d, 0x18, 1, 2, 3)
  assert.throws(() => readFooter(withFooter(lz4, 1)), unsupported(/the footer of f\.puffin is compressed with LZ4/))
  assert.throws(() => readFooter(withFooter(json, 2)), unsupported(/footer flags \(2\)/))
  assert.throws(() => readFooter(withFooter(json, 2 ** 31)), unsupported(/later Puffin version/))
  const torn = zstdCompressSync(json).subarray(0, -6)
  assert.throws(() => readFooter(withFooter(torn, 1)), corrupt(/cannot be decompressed/))
})

test('damage is named: magic, size, JSON, blobs outside of the file', async () => {
  const json = (text: string) => withFooter(Buffer.from(text))
  assert.throws(() => readFooter(new Uint8Array(5)), corrupt(/f\.puffin is no Puffin file/))
  assert.throws(() => readFooter(new Uint8Array(50)), corrupt(/f\.puffin is no Puffin file/))
  const short = Buffer.from(json('{"blobs":[]}'))
  short.writeInt32LE(1000, short.length - 12)
  assert.throws(() => readFooter(short), corrupt(/a footer of 1000 bytes does not fit/))
  short.writeInt32LE(-1, short.length - 12)
  assert.throws(() => readFooter(short), corrupt(/a footer of -1 bytes does not fit/))
  short.writeInt32LE(8, short.length - 12)
  assert.throws(() => readFooter(short), corrupt(/its footer does not start with "PFA1"/))
  assert.throws(() => readFooter(json('{')), corrupt(/the footer of f\.puffin is not valid JSON/))
  assert.throws(() => readFooter(json('{}')), corrupt(/the footer of f\.puffin: blobs is missing/))
  const blob = (offset: number, length: number) =>
    `{"blobs":[{"type":"t","fields":[],"snapshot-id":1,"sequence-number":1,"offset":${offset},"length":${length}}]}`
  assert.deepEqual(readFooter(json(blob(4, 0))).blobs[0]?.length, 0)
  for (const [offset, length] of [
    [0, 1],
    [4, 1],
    [4, -1],
    [2 ** 52, 2 ** 52],
  ] as const) {
    assert.throws(() => readFooter(json(blob(offset, length))), corrupt(/its blob "t" at .* lies outside of it/))
  }
  const { io, ...empty } = await stored(new Uint8Array())
  await assert.rejects(loadPuffinFooter(io, empty), corrupt(/is no Puffin file/))
})

test('a blob: other codecs are unsupported, damage is refused', async () => {
  const { io, location } = await stored(new Uint8Array(100).fill(7))
  const blob = { offset: 4, length: 20 }
  await assert.rejects(
    loadPuffinBlob(io, location, { ...blob, compressionCodec: 'lz4' }),
    unsupported(/compressed with "lz4"/),
  )
  await assert.rejects(
    loadPuffinBlob(io, location, { ...blob, compressionCodec: 'zstd' }),
    corrupt(/cannot be decompressed/),
  )
  await assert.rejects(loadPuffinBlob(io, location, { offset: 90, length: 20 }), corrupt(/stats\.puffin/))
})

test('damaged files are read or refused, never a crash', async () => {
  const original = writePuffin([SKETCH, OTHER], { 'created-by': 'Moraine' }).bytes
  const random = seededRandom(17)
  for (let run = 0; run < 1000; run += 1) {
    const draw = new DataView(random.bytes(12).buffer)
    const damaged = Uint8Array.from(original)
    const at = draw.getUint32(0) % original.length
    damaged[at] = (damaged[at] ?? 0) ^ (1 << (draw.getUint8(4) & 7))
    const { io, ...file } = await stored(
      damaged.subarray(0, run % 4 === 0 ? draw.getUint32(8) % original.length : original.length),
    )
    try {
      const footer = await loadPuffinFooter(io, file)
      for (const blob of footer.blobs) await loadPuffinBlob(io, file.location, blob)
    } catch (error) {
      assert.ok(error instanceof MoraineError, `run ${run}: ${String(error)}`)
      assert.match(error.message, /stats\.puffin/)
    }
  }
})

test('a footer comes back', () => {
  const footer: PuffinFooter = { blobs: [], properties: { a: 'b' } }
  const bytes = encodePuffinFooter(footer)
  assert.deepEqual(decodePuffinFooter(bytes, bytes.length + 4, 'f.puffin'), footer)
})
