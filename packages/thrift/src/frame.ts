import { MoraineError } from '@moraine/stdx/error'
import { ByteQueue } from './byte-queue.ts'

/** A message behind its length in four bytes: what travels over a framed transport. */
export function encodeFrame(message: Uint8Array): Uint8Array {
  const frame = Buffer.allocUnsafe(4 + message.length)
  frame.writeUInt32BE(message.length)
  frame.set(message, 4)
  return frame
}

/** Cuts a stream of bytes into frames; keeps no more than has arrived, whatever length a frame claims. */
export class FrameDecoder {
  readonly #maxBytes: number
  readonly #queue = new ByteQueue()

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get keptBytes(): number {
    return this.#queue.length
  }

  push(chunk: Buffer): void {
    this.#queue.push(chunk)
  }

  /** The next whole frame's message. @throws {MoraineError} `corrupt` for what cannot be a frame, or one too large. */
  next(): Buffer | undefined {
    if (this.#queue.length < 4) return undefined
    const size = this.#queue.bytes.readUInt32BE(0)
    if (size > this.#maxBytes) throw notAFrame(size, this.#maxBytes)
    const end = 4 + size
    return this.#queue.length < end ? undefined : this.#queue.take(4, end)
  }
}

function notAFrame(size: number, maxBytes: number): MoraineError {
  if (size >>> 16 === 0x8001 || size >>> 24 === 0x82) {
    return new MoraineError('corrupt', 'the peer sends unframed Thrift; it must use the framed transport')
  }
  return new MoraineError('corrupt', `a frame of ${size} bytes; at most ${maxBytes} are accepted`)
}
