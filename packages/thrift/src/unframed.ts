import { ByteQueue } from './byte-queue.ts'
import { corruptThrift } from './thrift-reader.ts'
import { WireType } from './wire-type.ts'

/**
 * Cuts a stream of bytes into messages of the binary protocol where nothing says how long they are, as Hive's servers
 * send them: a message ends where its struct ends. Looks at each byte once, however the bytes arrive.
 */
export class UnframedDecoder {
  readonly #maxBytes: number
  readonly #queue = new ByteQueue()
  #scan: Generator<void, void, void>
  // Of the message that is being scanned: up to here it is known.
  #at = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
    this.#scan = this.#message()
  }

  get keptBytes(): number {
    return this.#queue.length
  }

  push(chunk: Buffer): void {
    this.#queue.push(chunk)
  }

  /** The next whole message. @throws {MoraineError} `corrupt` for what cannot be one, or one too large. */
  next(): Uint8Array | undefined {
    if (this.#queue.length < this.#at || this.#queue.length === 0) return undefined
    if (this.#scan.next().done !== true) return undefined
    const message = this.#queue.take(0, this.#at)
    this.#at = 0
    this.#scan = this.#message()
    return message
  }

  *#message(): Generator<void, void, void> {
    const first = yield* this.#int()
    if (first < 0) {
      if (first >>> 16 !== BINARY_VERSION) throw notBinary()
      const size = yield* this.#int()
      if (size < 0 || size > NAME_BYTES_MAX) throw notBinary()
      yield* this.#need(size)
    } else {
      if (first > NAME_BYTES_MAX) throw notBinary()
      yield* this.#need(first + 1)
    }
    yield* this.#need(4)
    yield* this.#struct(1)
  }

  *#struct(depth: number): Generator<void, void, void> {
    if (depth > DEPTH_MAX) throw corruptThrift(`nested deeper than ${DEPTH_MAX}`)
    for (;;) {
      const type = yield* this.#byte()
      if (type === WireType.stop) return
      yield* this.#need(2)
      yield* this.#values(type, 1, depth + 1)
    }
  }

  *#values(type: number, count: number, depth: number): Generator<void, void, void> {
    const width = WIDTHS[type]
    if (width !== undefined) {
      yield* this.#need(width * count)
      return
    }
    if (depth > DEPTH_MAX) throw corruptThrift(`nested deeper than ${DEPTH_MAX}`)
    for (let i = 0; i < count; i += 1) {
      if (type === WireType.binary) yield* this.#need(yield* this.#size())
      else if (type === WireType.struct) yield* this.#struct(depth)
      else if (type === WireType.list || type === WireType.set) yield* this.#list(depth)
      else if (type === WireType.map) yield* this.#map(depth)
      else throw corruptThrift(`type code ${type} in a message`)
    }
  }

  *#list(depth: number): Generator<void, void, void> {
    const type = yield* this.#byte()
    const size = yield* this.#size()
    if (size > 0) yield* this.#values(type, size, depth + 1)
  }

  *#map(depth: number): Generator<void, void, void> {
    const keyType = yield* this.#byte()
    const valueType = yield* this.#byte()
    const size = yield* this.#size()
    for (let i = 0; i < size; i += 1) {
      yield* this.#values(keyType, 1, depth + 1)
      yield* this.#values(valueType, 1, depth + 1)
    }
  }

  *#size(): Generator<void, number, void> {
    const size = yield* this.#int()
    if (size < 0) throw corruptThrift(`a size of ${size} in a message`)
    return size
  }

  *#byte(): Generator<void, number, void> {
    const at = yield* this.#need(1)
    return this.#queue.bytes.readUInt8(at)
  }

  *#int(): Generator<void, number, void> {
    const at = yield* this.#need(4)
    return this.#queue.bytes.readInt32BE(at)
  }

  /** Goes on once `length` more bytes have arrived; where they begin. */
  *#need(length: number): Generator<void, number, void> {
    const at = this.#at
    if (length > this.#maxBytes - at) throw corruptThrift(`a message of more than ${this.#maxBytes} bytes`)
    this.#at = at + length
    while (this.#queue.length < this.#at) yield
    return at
  }
}

function notBinary() {
  return corruptThrift('it is not the binary protocol without frames')
}

const BINARY_VERSION = 0x8001
const NAME_BYTES_MAX = 10_000
const DEPTH_MAX = 64

const WIDTHS: Readonly<Record<number, number>> = {
  [WireType.bool]: 1,
  [WireType.i8]: 1,
  [WireType.i16]: 2,
  [WireType.i32]: 4,
  [WireType.i64]: 8,
  [WireType.double]: 8,
  [WireType.uuid]: 16,
}
