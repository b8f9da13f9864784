/** Bytes that arrive in pieces and leave in others; keeps no more than has arrived. */
export class ByteQueue {
  // The first `#length` bytes have arrived and were not taken.
  #buffer: Buffer = Buffer.alloc(0)
  #length = 0

  get length(): number {
    return this.#length
  }

  /** What is there, as a view until the next push. */
  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length)
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

  /** The first `end` bytes without the first `start` of them; all `end` leave the queue, and are never written to again. */
  take(start: number, end: number): Buffer {
    const taken = this.#buffer.subarray(start, end)
    // A view without spare room, so that the next push makes a buffer of its own.
    const rest = this.#buffer.subarray(end, this.#length)
    // Even an empty view keeps all the memory it looks into.
    this.#buffer = rest.length * SMALL_REST < end ? Buffer.from(rest) : rest
    this.#length -= end
    return taken
  }
}

/** A rest so many times smaller than what is taken is cheap to copy. */
const SMALL_REST = 4
