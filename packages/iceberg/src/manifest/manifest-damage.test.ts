import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { ByteSink } from '@moraine/avro/byte-sink'
import { MoraineError } from '@moraine/stdx/error'
import { seededRandom } from '@moraine/stdx/random'
import { entrySchemaText } from './entry-schema.ts'
import { readManifestList } from './manifest-list-reader.ts'
import { openManifest } from './manifest-reader.ts'
import { sampleContentFile, sampleManifest, sampleMetrics } from './testing/sample-entry.ts'
import { PARTITION_TYPES, PARTITIONED, UNPARTITIONED, writeManifest, writerOptions } from './testing/sample-manifest.ts'

const LINE = sampleManifest({ firstRowId: 10n })

function readAll(bytes: Uint8Array): void {
  const cursor = openManifest(bytes, LINE, { spec: PARTITIONED, partitionTypes: PARTITION_TYPES }).cursor()
  while (cursor.next()) {
    cursor.filePath()
    cursor.partition()
    cursor.splitOffsets()
    cursor.metrics()
  }
}

function readUnpartitioned(bytes: Uint8Array): void {
  for (const entry of openManifest(bytes, LINE, { spec: UNPARTITIONED, partitionTypes: [] }).entries())
    entry.file.metrics()
}

const SAMPLES: readonly (readonly [string, Uint8Array, (bytes: Uint8Array) => void])[] = [
  ...(['null', 'deflate'] as const).map((codec) => {
    const compression = codec === 'null' ? { codec } : { codec, level: 4 }
    const { bytes } = writeManifest(writerOptions(3, { compression }), (writer) => {
      for (let index = 0; index < 20; index += 1) {
        const metrics = () => sampleMetrics(3, index)
        writer.add(
          sampleContentFile({ partition: [index, 'x'], metrics, splitOffsets: [4], firstRowId: BigInt(index) }),
        )
      }
    })
    return [`manifest, ${codec}`, bytes, readAll] as const
  }),
  ['manifest by Java', readFileSync(new URL('fixtures/unpartitioned-added.avro', import.meta.url)), readUnpartitioned],
  [
    'manifest list by Java',
    readFileSync(new URL('fixtures/partitioned-list.avro', import.meta.url)),
    (bytes) => void readManifestList(bytes, 'list.avro'),
  ],
]

for (const [name, original, read] of SAMPLES) {
  test(`a damaged ${name} is read or refused by name, never a crash`, () => {
    read(original)
    const random = seededRandom(29)
    let refused = 0
    for (let run = 0; run < 500; run += 1) {
      const draw = new DataView(random.bytes(12).buffer)
      const damaged = Uint8Array.from(original)
      for (let flips = draw.getUint8(9) % 3; flips >= 0; flips -= 1) {
        const at = (draw.getUint32(0) + flips * 7919) % original.length
        damaged[at] = (damaged[at] ?? 0) ^ (1 << (draw.getUint8(8) & 7))
      }
      const length = run % 4 === 0 ? draw.getUint32(4) % original.length : original.length
      try {
        read(damaged.subarray(0, length))
      } catch (error) {
        assert.ok(error instanceof MoraineError, `run ${run}: ${String(error)}`)
        assert.match(error.message, /m0\.avro|list\.avro/)
        refused += 1
      }
    }
    assert.ok(refused > 150, `${refused} refused`)
  })
}

/** An uncompressed manifest of one entry, its bytes given. */
function manifestOf(entry: (sink: ByteSink) => void): Uint8Array {
  const values = new ByteSink()
  entry(values)
  const sink = new ByteSink()
  sink.writeFixed(Buffer.from('Obj\x01'))
  sink.writeLong(1)
  sink.writeString('avro.schema')
  sink.writeString(entrySchemaText(2, UNPARTITIONED, []))
  sink.writeLong(0)
  sink.writeFixed(new Uint8Array(16))
  sink.writeLong(1)
  sink.writeBytes(values.view())
  sink.writeFixed(new Uint8Array(16))
  return sink.toBytes()
}

test('metrics written in blocks that carry their size are read', () => {
  const bytes = manifestOf((sink) => {
    for (const field of [1, 0, 0, 0, 0]) sink.writeLong(field)
    sink.writeString('f.parquet')
    sink.writeString('PARQUET')
    sink.writeLong(10)
    sink.writeLong(1000)
    // column_sizes: a block of two pairs with its size in bytes, then one of one pair without.
    sink.writeLong(1)
    for (const part of [-2, 4, 1, 10, 2, 20, 1, 3, 30, 0]) sink.writeLong(part)
    for (let left = 10; left > 0; left -= 1) sink.writeLong(0)
  })
  const [entry] = openManifest(bytes, LINE, { spec: UNPARTITIONED, partitionTypes: [] }).entries()
  assert.deepEqual(
    entry?.file.metrics().columnSizes,
    new Map([
      [1, 10],
      [2, 20],
      [3, 30],
    ]),
  )
})

test('a claim of many metrics in few bytes allocates nothing', () => {
  const bytes = manifestOf((sink) => {
    for (const field of [1, 0, 0, 0, 0]) sink.writeLong(field)
    sink.writeString('f.parquet')
    sink.writeString('PARQUET')
    sink.writeLong(10)
    sink.writeLong(1000)
    sink.writeLong(1)
    sink.writeLong(2 ** 50)
    for (let left = 20; left > 0; left -= 1) sink.writeLong(0)
  })
  assert.throws(
    () => readUnpartitioned(bytes),
    /m0\.avro is damaged: value 0, data_file\.column_sizes: 1125899906842624 items/,
  )
})
