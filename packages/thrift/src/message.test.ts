import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import { encodeFrame, FrameDecoder } from './frame.ts'
import { type Protocol, readMessage, writeMessage } from './message.ts'
import { point } from './testing/everything.ts'

test('a message shows its protocol and comes back', () => {
  for (const protocol of ['binary', 'binary-old', 'compact'] satisfies Protocol[]) {
    for (const sequenceId of [0, 1, 300, 0x7fffffff, -1]) {
      const header = { protocol, type: 'call' as const, name: 'OptimizeManager:touch', sequenceId }
      const read = readMessage(writeMessage(header, (writer) => point.write(writer, { x: 1, y: -1 })))
      assert.deepEqual(read.header, header)
      assert.deepEqual(point.read(read.reader), { x: 1, y: -1 })
      assert.equal(read.reader.remaining, 0)
    }
  }
})

test('headers have the bytes of the protocol documents', () => {
  const bytes = (protocol: Protocol) =>
    Buffer.from(writeMessage({ protocol, type: 'call', name: 'ping', sequenceId: 200 }, () => undefined)).toString(
      'hex',
    )
  assert.equal(bytes('binary'), '800100010000000470696e67000000c8')
  assert.equal(bytes('binary-old'), '0000000470696e6701000000c8')
  assert.equal(bytes('compact'), '8221c8010470696e67')
})

test('what is no message is corrupt', () => {
  for (const hex of [
    '',
    '80',
    '80020001',
    '800100050000000061',
    '82',
    '8222',
    '8221ffffffffffff',
    '00000004',
    'ff',
    '8201',
  ]) {
    assert.throws(
      () => readMessage(Buffer.from(hex, 'hex')),
      (error) => isKind(error, 'corrupt'),
      hex,
    )
  }
})

test('frames are cut out of any chunks', () => {
  const messages = [Buffer.from('a'), Buffer.alloc(0), Buffer.alloc(5000, 7), Buffer.from('end')]
  const stream = Buffer.concat(messages.map(encodeFrame))
  for (const size of [1, 2, 3, 7, 100, 4999, 5003, stream.length]) {
    const decoder = new FrameDecoder(5000)
    const found: Uint8Array[] = []
    for (let at = 0; at < stream.length; at += size) {
      decoder.push(stream.subarray(at, at + size))
      for (let message = decoder.next(); message !== undefined; message = decoder.next()) found.push(message)
    }
    assert.deepEqual(found, messages)
  }
})

test('a frame beyond the limit and unframed messages are told apart', () => {
  const push = (hex: string) => {
    const decoder = new FrameDecoder(100)
    decoder.push(Buffer.from(hex, 'hex'))
    return () => decoder.next()
  }
  assert.throws(push('00000065'), /a frame of 101 bytes; at most 100 are accepted/)
  assert.throws(push('80010001'), /must use the framed transport/)
  assert.throws(push('82210000'), /must use the framed transport/)
  assert.equal(push('00000064')(), undefined)
})
