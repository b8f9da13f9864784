import { MoraineError } from '@moraine/stdx/error'

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
  // The first `#length` bytes have arrived and were not handed out.
  #buffer: Buffer = Buffer.alloc(0)
  #length = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  push(chunk: Buffer): void {
    if (this.#length === 0) this.#buffer = chunk
    else {
      const length = this.#length + chunk.length
      if (length > this.#buffer.length) {
        const grown = Buffer.allocUnsafe(length * 2)
        this.#buffer.copy(grown, 0, 0, this.#length)
        this.#buffer = grown
      }
      chunk.copy(this.#buffer, this.#length)
    }
    this.#length += chunk.length
  }

  /** The next whole frame's message. @throws {MoraineError} `corrupt` for what cannot be a frame, or one too large. */
  next(): Uint8Array | undefined {
    if (this.#length < 4) return undefined
    const size = this.#buffer.readUInt32BE(0)
    if (size > this.#maxBytes) throw notAFrame(size, this.#maxBytes)
    const end = 4 + size
    if (this.#length < end) return undefined
    const message = this.#buffer.subarray(4, end)
    // A view without spare room: the bytes handed out are never written to again.
    this.#buffer = this.#buffer.subarray(end, this.#length)
    this.#length -= end
    return message
  }
}

function notAFrame(size: number, maxBytes: number): MoraineError {
  if (size >>> 16 === 0x8001 || size >>> 24 === 0x82) {
    return new MoraineError('corrupt', 'the peer sends unframed Thrift; it must use the framed transport')
  }
  return new MoraineError('corrupt', `a frame of ${size} bytes; at most ${maxBytes} are accepted`)
}
