import { unreachable } from '@moraine/stdx/assert'
import { BinaryReader } from './binary-reader.ts'
import { BinaryWriter } from './binary-writer.ts'
import { CompactReader } from './compact-reader.ts'
import { CompactWriter } from './compact-writer.ts'
import { corruptThrift, type ThriftReader, truncatedThrift } from './thrift-reader.ts'
import { string } from './thrift-type.ts'
import type { ThriftWriter } from './thrift-writer.ts'

/**
 * How messages are written: the binary protocol with or without a version in its header, or the compact one. Every
 * message shows which it is, so a server can answer each client in its own.
 */
export type Protocol = 'binary' | 'binary-old' | 'compact'

export type MessageHeader = {
  readonly protocol: Protocol
  readonly type: MessageType
  /** Of the method, behind the name of its service where several share a connection: `OptimizeManager:touch`. */
  readonly name: string
  readonly sequenceId: number
}

export type MessageType = 'call' | 'reply' | 'exception' | 'oneway'

/** Reads a header; the reader returned stands at the struct that follows. @throws {MoraineError} `corrupt` */
export function readMessage(bytes: Uint8Array): { header: MessageHeader; reader: ThriftReader } {
  const first = bytes[0]
  if (first === undefined) throw truncatedThrift(0)
  if (first === COMPACT_ID) return readCompactMessage(bytes)
  const reader = new BinaryReader(bytes)
  if (first < 0x80) {
    const name = string.read(reader)
    const type = messageType(reader.i8())
    return { header: { protocol: 'binary-old', type, name, sequenceId: reader.i32() }, reader }
  }
  const version = reader.i32()
  if (version >>> 16 !== BINARY_VERSION) throw corruptThrift(`protocol version 0x${(version >>> 16).toString(16)}`)
  const type = messageType(version & 0xff)
  const name = string.read(reader)
  return { header: { protocol: 'binary', type, name, sequenceId: reader.i32() }, reader }
}

/** A whole message; `body` writes the struct behind the header. */
export function writeMessage(header: MessageHeader, body: (writer: ThriftWriter) => void): Uint8Array {
  const code = MESSAGE_TYPES.indexOf(header.type) + 1
  const name = Buffer.from(header.name)
  const writer = header.protocol === 'compact' ? new CompactWriter() : new BinaryWriter()
  switch (header.protocol) {
    case 'binary':
      writer.i32((BINARY_VERSION << 16) | code)
      writer.binary(name)
      writer.i32(header.sequenceId)
      break
    case 'binary-old':
      writer.binary(name)
      writer.i8(code)
      writer.i32(header.sequenceId)
      break
    case 'compact':
      writer.raw(Uint8Array.of(COMPACT_ID, (code << 5) | COMPACT_VERSION))
      writer.raw(varint(header.sequenceId))
      writer.binary(name)
      break
    default:
      unreachable(header.protocol)
  }
  body(writer)
  return writer.finish()
}

const MESSAGE_TYPES: readonly MessageType[] = ['call', 'reply', 'exception', 'oneway']
const BINARY_VERSION = 0x8001
const COMPACT_ID = 0x82
const COMPACT_VERSION = 1

function readCompactMessage(bytes: Uint8Array): { header: MessageHeader; reader: ThriftReader } {
  const second = bytes[1]
  if (second === undefined) throw truncatedThrift(1)
  if ((second & 0x1f) !== COMPACT_VERSION) throw corruptThrift(`compact protocol version ${second & 0x1f}`)
  const type = messageType(second >> 5)
  const reader = new CompactReader(bytes, 2)
  const sequenceId = unsignedVarint(reader)
  return { header: { protocol: 'compact', type, name: string.read(reader), sequenceId }, reader }
}

function messageType(code: number): MessageType {
  const type = MESSAGE_TYPES[code - 1]
  if (type === undefined) throw corruptThrift(`message type ${code}`)
  return type
}

// The sequence id is a plain varint, unlike all other integers of the compact protocol.
function unsignedVarint(reader: CompactReader): number {
  let value = 0
  for (let shift = 0; shift < 35; shift += 7) {
    const next = reader.raw(1)[0] ?? 0
    value |= (next & 0x7f) << shift
    if (next < 0x80) return value
  }
  throw corruptThrift('a sequence id of more than 32 bits')
}

function varint(value: number): Uint8Array {
  const bytes: number[] = []
  let rest = value >>> 0
  while (rest >= 0x80) {
    bytes.push((rest & 0x7f) | 0x80)
    rest >>>= 7
  }
  return Uint8Array.from([...bytes, rest])
}
