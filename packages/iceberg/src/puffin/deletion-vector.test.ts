import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crc32 } from 'node:zlib'
import { isKind } from '@moraine/stdx/error'
import { seededRandom } from '@moraine/stdx/random'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import { sampleContentFile } from '../manifest/testing/sample-entry.ts'
import { decodeDeletionVector, encodeDeletionVector } from './deletion-vector.ts'
import { loadDeletionVector } from './load-deletion-vector.ts'
import { deletionVectorBlob, writePuffin } from './puffin-writer.ts'

const POSITIONS = Uint32Array.of(0, 1, 2, 3, 50, 70_000)
const corrupt = (pattern: RegExp) => (error: unknown) => isKind(error, 'corrupt') && pattern.test(error.message)

test('the blob is laid out as the specification says', () => {
  const blob = Buffer.from(encodeDeletionVector(Uint32Array.of(3)))
  const vector = [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x3a, 0x30, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 16, 0, 0, 0, 3, 0]
  const content = Buffer.from([0xd1, 0xd3, 0x39, 0x64, ...vector])
  assert.equal(blob.readUInt32BE(0), content.length)
  assert.deepEqual(blob.subarray(4, -4), content)
  assert.equal(blob.readUInt32BE(blob.length - 4), crc32(content))
})

test('positions come back', () => {
  assert.deepEqual(decodeDeletionVector(encodeDeletionVector(POSITIONS), 'dv'), POSITIONS)
  assert.deepEqual(decodeDeletionVector(encodeDeletionVector([]), 'dv'), new Uint32Array())
})

test('a vector that is not aligned in a larger file is read', () => {
  const blob = encodeDeletionVector(POSITIONS)
  const file = Buffer.concat([Uint8Array.of(9, 9, 9), blob, Uint8Array.of(9)])
  assert.deepEqual(decodeDeletionVector(file.subarray(3, 3 + blob.length), 'dv'), POSITIONS)
})

test('every single flipped bit and every shorter or longer blob is noticed', () => {
  const blob = encodeDeletionVector(POSITIONS)
  for (let bit = 0; bit < blob.length * 8; bit += 1) {
    const damaged = Uint8Array.from(blob)
    damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    assert.throws(() => decodeDeletionVector(damaged, 'dv'), corrupt(/^dv is damaged: /), `bit ${bit}`)
  }
  for (let length = 0; length < blob.length; length += 1) {
    assert.throws(() => decodeDeletionVector(blob.subarray(0, length), 'dv'), corrupt(/^dv is damaged: /))
  }
  assert.throws(() => decodeDeletionVector(Buffer.concat([blob, Uint8Array.of(0)]), 'dv'), corrupt(/states 41 bytes/))
})

test('damage under a right checksum is refused too', () => {
  const random = seededRandom(5)
  const blob = encodeDeletionVector(Uint32Array.from({ length: 6000 }, (_, index) => index * 2))
  for (let run = 0; run < 500; run += 1) {
    const draw = new DataView(random.bytes(8).buffer)
    const damaged = Buffer.from(blob)
    const at = 8 + (draw.getUint32(0) % (run % 2 === 0 ? 40 : blob.length - 12))
    damaged[at] = (damaged[at] ?? 0) ^ (1 << (draw.getUint8(4) & 7))
    damaged.writeUInt32BE(crc32(damaged.subarray(4, -4)), damaged.length - 4)
    try {
      assert.equal(decodeDeletionVector(damaged, 'dv').length, 6000)
    } catch (error) {
      assert.ok(isKind(error, 'corrupt'), `run ${run}: ${String(error)}`)
    }
  }
})

test('several vectors of one Puffin file are told apart by offset and length', async () => {
  const io = memoryFileIO()
  const sets = [Uint32Array.of(1, 2), Uint32Array.of(7), Uint32Array.of(0, 100_000)]
  const puffin = writePuffin(
    sets.map((positions, index) =>
      deletionVectorBlob(encodeDeletionVector(positions), {
        referencedDataFile: `s3://bucket/${index}.parquet`,
        cardinality: positions.length,
      }),
    ),
    {},
  )
  await io.write('s3://bucket/dv.puffin', puffin.bytes)
  const entries = puffin.blobs.map((blob, index) =>
    sampleContentFile({
      content: 'position-deletes',
      fileFormat: 'puffin',
      filePath: 's3://bucket/dv.puffin',
      fileSizeBytes: puffin.bytes.length,
      recordCount: sets[index]?.length ?? 0,
      contentOffset: blob.offset,
      contentSizeBytes: blob.length,
    }),
  )
  assert.deepEqual(await Promise.all(entries.map((entry) => loadDeletionVector(io, entry))), sets)

  const [first] = entries
  assert.ok(first)
  await assert.rejects(
    loadDeletionVector(io, { ...first, recordCount: 3 }),
    corrupt(/has 2 positions, its manifest entry says 3/),
  )
  await assert.rejects(loadDeletionVector(io, { ...first, contentSizeBytes: 2 ** 50 }), corrupt(/beyond its \d+ bytes/))
  await assert.rejects(loadDeletionVector(io, { ...first, contentOffset: 5 }), corrupt(/dv\.puffin is damaged/))
  const { contentOffset: _, ...unplaced } = first
  await assert.rejects(loadDeletionVector(io, unplaced), corrupt(/without offset and size/))
})
