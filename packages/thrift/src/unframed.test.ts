import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import fc from 'fast-check'
import { type Protocol, writeMessage } from './message.ts'
import { anyEverything, everything } from './testing/everything.ts'
import { UnframedDecoder } from './unframed.ts'

const anyProtocol = fc.constantFrom<Protocol>('binary', 'binary-old')
const anyMessage = fc
  .tuple(anyProtocol, fc.string({ maxLength: 20 }), fc.nat(), anyEverything)
  .map(([protocol, name, sequenceId, value]) =>
    writeMessage({ protocol, type: 'reply', name, sequenceId }, (writer) => everything.write(writer, value)),
  )

function decodeAll(decoder: UnframedDecoder, chunks: readonly Buffer[]): readonly Buffer[] {
  const messages: Buffer[] = []
  for (const chunk of chunks) {
    decoder.push(chunk)
    for (let next = decoder.next(); next !== undefined; next = decoder.next()) messages.push(Buffer.from(next))
  }
  return messages
}

test('messages are found again, however their bytes arrive', () => {
  fc.assert(
    fc.property(
      fc.array(anyMessage, { maxLength: 4 }),
      fc.array(fc.integer({ min: 1, max: 40 })),
      (messages, sizes) => {
        const stream = Buffer.concat(messages)
        const chunks: Buffer[] = []
        for (let at = 0, turn = 0; at < stream.length; turn += 1) {
          const size = sizes[turn % Math.max(1, sizes.length)] ?? stream.length
          chunks.push(Buffer.from(stream.subarray(at, at + size)))
          at += size
        }
        assert.deepEqual(decodeAll(new UnframedDecoder(1_000_000), chunks), messages.map(Buffer.from))
      },
    ),
    { numRuns: 60 },
  )
})

test('a message handed out is not overwritten by what comes later', () => {
  const message = (sequenceId: number) =>
    writeMessage({ protocol: 'binary', type: 'call', name: 'ping', sequenceId }, (writer) => writer.structEnd())
  const decoder = new UnframedDecoder(1000)
  decoder.push(Buffer.concat([message(1), message(2).subarray(0, 3)]))
  const first = decoder.next()
  decoder.push(Buffer.from(message(2).subarray(3)))
  assert.deepEqual(decoder.next(), Buffer.from(message(2)))
  assert.deepEqual(first, Buffer.from(message(1)))
})

const HEADER = '80010002000000016100000001'

test('what is no message, or too large a one, is corrupt at once', () => {
  const corrupt = (error: unknown) => isKind(error, 'corrupt')
  for (const hex of [
    '82210104706f6e67', // compact
    '474554202f20485454502f312e31', // GET / HTTP/1.1
    '80020001',
    `${HEADER}090001`, // a field of type 9, which there is not
    `${HEADER}0f00010b80000000`, // a list of -2^31
    `${HEADER}0b00017fffffff`, // a text of 2 GiB
    `${HEADER}0f00010a7fffffff`, // a list of 2^31 longs
    `${HEADER}${'0c0001'.repeat(100)}`,
    `${HEADER}0f0001${'0f00000001'.repeat(100)}`,
  ]) {
    const bytes = Buffer.from(hex, 'hex')
    assert.throws(() => decodeAll(new UnframedDecoder(1000), [bytes]), corrupt, hex)
  }
})
