/** Bytes that grow. `data` is only valid up to `length` and until the next `reserve`. */
export class OutputBuffer {
  data: Buffer
  length = 0

  constructor(capacity = 256) {
    this.data = Buffer.allocUnsafe(capacity)
  }

  /** Makes room for `count` more bytes and returns where they begin. */
  reserve(count: number): number {
    const start = this.length
    const end = start + count
    if (end > this.data.length) {
      const grown = Buffer.allocUnsafe(Math.max(end, this.data.length * 2))
      this.data.copy(grown, 0, 0, start)
      this.data = grown
    }
    this.length = end
    return start
  }

  byte(value: number): void {
    const at = this.reserve(1)
    this.data[at] = value
  }

  bytes(bytes: Uint8Array): void {
    const at = this.reserve(bytes.length)
    this.data.set(bytes, at)
  }

  finish(): Uint8Array {
    return this.data.subarray(0, this.length)
  }
}
