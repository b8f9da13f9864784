import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import type { AvroCompression } from './block-codec.ts'
import { type AvroBlock, openContainer } from './container-reader.ts'
import { ContainerWriter } from './container-writer.ts'

const CODECS: readonly AvroCompression[] = [
  { codec: 'null' },
  { codec: 'deflate', level: 4 },
  { codec: 'zstandard', level: 1 },
]

function write(compression: AvroCompression): Uint8Array {
  const writer = new ContainerWriter({ schemaText: '"string"', compression, blockBytes: 32 })
  for (let at = 0; at < 200; at += 1) {
    writer.sink.writeString(`value ${at}`)
    writer.endValue()
  }
  return writer.finish()
}

for (const compression of CODECS) {
  test(`${compression.codec}: blocks read ahead are the blocks, all of them or those asked for`, async () => {
    const container = openContainer(write(compression), 'a.avro')
    const blocks = [...container.blocks()].map(plain)
    assert.ok(blocks.length > 20)
    assert.deepEqual((await Array.fromAsync(container.blocksAhead())).map(plain), blocks)
    const some = blocks.filter((_, at) => at % 3 === 1)
    const offsets = some.map(({ offset }) => offset)
    assert.deepEqual((await Array.fromAsync(container.blocksAhead(offsets))).map(plain), some)
  })
}

test('a damaged block ends the reading where it lies, and nobody who stopped before hears of it', async () => {
  const bytes = Buffer.from(write({ codec: 'deflate', level: 4 }))
  const [, second] = openContainer(bytes, 'a.avro').blocks()
  bytes.fill(0xff, (second?.offset ?? 0) + 4, (second?.offset ?? 0) + 12)
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
})

function plain({ count, bytes, offset }: AvroBlock) {
  return { count, offset, bytes: Buffer.from(bytes).toString('hex') }
}
