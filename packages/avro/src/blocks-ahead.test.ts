import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import { seededRandom } from '@moraine/stdx/random'
import type { AvroCompression } from './block-codec.ts'
import { type AvroBlock, openContainer } from './container-reader.ts'
import { ContainerWriter } from './container-writer.ts'

const CODECS: readonly AvroCompression[] = [
  { codec: 'null' },
  { codec: 'deflate', level: 4 },
  { codec: 'zstandard', level: 1 },
]

/** `small` blocks are decompressed at once, `large` ones on another thread. */
const SIZES = {
  small: { valueBytes: 4, blockBytes: 32, headBytes: 2 },
  large: { valueBytes: 16_000, blockBytes: 16_000, headBytes: 4 },
}

function write(compression: AvroCompression, size: keyof typeof SIZES): Uint8Array {
  const { valueBytes, blockBytes } = SIZES[size]
  const random = seededRandom(1)
  const writer = new ContainerWriter({ schemaText: '"string"', compression, blockBytes })
  for (let at = 0; at < 100; at += 1) {
    writer.sink.writeString(`value ${at} ${Buffer.from(random.bytes(valueBytes)).toString('hex')}`)
    writer.endValue()
  }
  return writer.finish()
}

for (const compression of CODECS) {
  for (const size of ['small', 'large'] as const) {
    test(`${compression.codec}: ${size} blocks read ahead are the blocks, all of them or those asked for`, async () => {
      const container = openContainer(write(compression, size), 'a.avro')
      const blocks = [...container.blocks()].map(plain)
      assert.ok(blocks.length > 20)
      assert.deepEqual((await Array.fromAsync(container.blocksAhead())).map(plain), blocks)
      const some = blocks.filter((_, at) => at % 3 === 1)
      const offsets = some.map(({ offset }) => offset)
      assert.deepEqual((await Array.fromAsync(container.blocksAhead(offsets))).map(plain), some)
    })
  }
}

test('blocks too large to be had ahead come as the others do', async () => {
  for (const compression of CODECS) {
    const writer = new ContainerWriter({ schemaText: '"string"', compression, blockBytes: 1 })
    for (const letters of [1, 6 << 20, 2, 5 << 20, 3]) {
      writer.sink.writeString('x'.repeat(letters))
      writer.endValue()
    }
    const container = openContainer(writer.finish(), 'a.avro')
    const blocks = [...container.blocks()].map(plain)
    assert.equal(blocks.length, 5)
    assert.deepEqual((await Array.fromAsync(container.blocksAhead())).map(plain), blocks)
  }
})

for (const size of ['small', 'large'] as const) {
  test(`a damaged ${size} block ends the reading where it lies, and nobody who stopped before hears of it`, () =>
    readDamaged(Buffer.from(write({ codec: 'deflate', level: 4 }, size)), SIZES[size].headBytes))
}

async function readDamaged(bytes: Buffer, headBytes: number): Promise<void> {
  const [, second] = openContainer(bytes, 'a.avro').blocks()
  bytes.fill(0xff, (second?.offset ?? 0) + headBytes, (second?.offset ?? 0) + 12)
  const container = openContainer(bytes, 'a.avro')
  const seen: number[] = []
  await assert.rejects(
    async () => {
      for await (const { count } of container.blocksAhead()) seen.push(count)
    },
    (error) => isKind(error, 'corrupt') && error instanceof Error && error.message.includes('a.avro'),
  )
  assert.equal(seen.length, 1)
  for await (const { offset } of container.blocksAhead()) {
    assert.ok(offset > 0)
    break
  }
}

function plain({ count, bytes, offset }: AvroBlock) {
  return { count, offset, bytes: Buffer.from(bytes).toString('hex') }
}
