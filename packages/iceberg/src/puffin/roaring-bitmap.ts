import { MoraineError } from '@moraine/stdx/error'

// Sets of 32-bit integers in Roaring's portable format (github.com/RoaringBitmap/RoaringFormatSpec, version 1.0): the
// integers are split by their upper 16 bits into containers, each an array, a bitmap or runs, whichever is smallest.

/** Integers in ascending order, and where the bitmap ends. */
export type DecodedBitmap = { readonly values: Uint32Array; readonly end: number }

/**
 * Decodes the bitmap that starts at `offset`. Everything is checked: order, counts, overlaps and ends, and that there
 * are no more than `countMax` integers before memory for them is taken.
 *
 * @throws {MoraineError} `corrupt` if the bitmap is damaged, `unsupported` beyond `countMax`; `what` names it.
 */
export function decodeRoaringBitmap(bytes: Uint8Array, offset: number, countMax: number, what: string): DecodedBitmap {
  const input = new Input(bytes, offset, what)
  const containers = readHeader(input, offset)
  let count = 0
  for (const container of containers) count += container.count
  if (count > countMax) {
    throw new MoraineError('unsupported', `${what} has ${count} positions; at most ${countMax} are handled at once`)
  }
  const values = new Uint32Array(count)
  let at = 0
  for (const container of containers) {
    if (container.offset !== undefined && container.offset !== input.position - offset) {
      input.fail('a container is not where the header says')
    }
    const base = container.key * CONTAINER_VALUES
    if (container.isRun) readRuns(input, base, values.subarray(at, at + container.count))
    else if (container.count > ARRAY_COUNT_MAX) readBits(input, base, values.subarray(at, at + container.count))
    else readArray(input, base, values.subarray(at, at + container.count))
    at += container.count
  }
  return { values, end: input.position }
}

/**
 * Encodes integers in ascending order, byte for byte as CRoaring does after `run_optimize`. The values are those of
 * `values[start]` to `values[end - 1]`, less `base`.
 */
export function encodeRoaringBitmap(values: ArrayLike<number>, start: number, end: number, base: number): Uint8Array {
  const containers = splitIntoContainers(values, start, end, base)
  const hasRuns = containers.some((container) => container.isRun)
  const hasOffsets = !hasRuns || containers.length >= OFFSETS_FROM
  const headerBytes = hasRuns ? 4 + Math.ceil(containers.length / 8) : 8
  let offset = headerBytes + containers.length * (hasOffsets ? 8 : 4)
  const output = new DataView(new ArrayBuffer(containers.reduce((sum, { bytes }) => sum + bytes, offset)))
  output.setUint32(0, hasRuns ? COOKIE_WITH_RUNS | ((containers.length - 1) << 16) : COOKIE, true)
  if (!hasRuns) output.setUint32(4, containers.length, true)
  for (const [index, container] of containers.entries()) {
    if (container.isRun) output.setUint8(4 + (index >> 3), output.getUint8(4 + (index >> 3)) | (1 << (index & 7)))
    output.setUint16(headerBytes + 4 * index, container.key, true)
    output.setUint16(headerBytes + 4 * index + 2, container.end - container.start - 1, true)
    if (hasOffsets) output.setUint32(headerBytes + 4 * (containers.length + index), offset, true)
    writeContainer(output, offset, container, values, base)
    offset += container.bytes
  }
  return new Uint8Array(output.buffer)
}

const COOKIE = 12346
const COOKIE_WITH_RUNS = 12347
/** With runs, the header has offsets only from this number of containers on. */
const OFFSETS_FROM = 4
const CONTAINER_VALUES = 1 << 16
const ARRAY_COUNT_MAX = 4096
const BITMAP_BYTES = CONTAINER_VALUES / 8

type ContainerHeader = {
  readonly key: number
  readonly count: number
  readonly isRun: boolean
  readonly offset: number | undefined
}

class Input {
  readonly bytes: Uint8Array
  position: number
  readonly #view: DataView
  readonly #what: string

  constructor(bytes: Uint8Array, offset: number, what: string) {
    this.bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.position = offset
    this.#what = what
  }

  u8(): number {
    return this.#view.getUint8(this.take(1))
  }

  u16(): number {
    return this.#view.getUint16(this.take(2), true)
  }

  u32(): number {
    return this.#view.getUint32(this.take(4), true)
  }

  take(bytes: number): number {
    const start = this.position
    if (bytes > this.#view.byteLength - start) this.fail('it ends too early')
    this.position = start + bytes
    return start
  }

  fail(detail: string): never {
    throw new MoraineError('corrupt', `${this.#what} is damaged: in its Roaring bitmap, ${detail}`)
  }
}

function readHeader(input: Input, start: number): readonly ContainerHeader[] {
  const cookie = input.u32()
  const hasRuns = (cookie & 0xffff) === COOKIE_WITH_RUNS
  if (!hasRuns && cookie !== COOKIE) input.fail(`the first bytes (${cookie}) are none of the format`)
  const size = hasRuns ? (cookie >>> 16) + 1 : input.u32()
  if (size > CONTAINER_VALUES) input.fail(`there cannot be ${size} containers`)
  const runFlags = hasRuns ? input.take(Math.ceil(size / 8)) : start
  const keysAt = input.take(4 * size)
  const offsetsAt = !hasRuns || size >= OFFSETS_FROM ? input.take(4 * size) : undefined
  const dataAt = input.position

  const containers: ContainerHeader[] = []
  for (let index = 0; index < size; index += 1) {
    input.position = runFlags + (index >> 3)
    const isRun = hasRuns && (input.u8() & (1 << (index & 7))) !== 0
    input.position = keysAt + 4 * index
    const key = input.u16()
    const count = input.u16() + 1
    if (key <= (containers.at(-1)?.key ?? -1)) input.fail('the containers are out of order')
    if (offsetsAt !== undefined) input.position = offsetsAt + 4 * index
    containers.push({ key, count, isRun, offset: offsetsAt === undefined ? undefined : input.u32() })
  }
  input.position = dataAt
  return containers
}

function readArray(input: Input, base: number, values: Uint32Array): void {
  const { bytes } = input
  let position = input.take(2 * values.length)
  let last = -1
  for (let index = 0; index < values.length; index += 1) {
    const low = (bytes[position] ?? 0) | ((bytes[position + 1] ?? 0) << 8)
    if (low <= last) input.fail('values are out of order')
    last = low
    values[index] = base + low
    position += 2
  }
}

function readRuns(input: Input, base: number, values: Uint32Array): void {
  let at = 0
  let last = -1
  for (let left = input.u16(); left > 0; left -= 1) {
    const first = input.u16()
    const end = first + input.u16()
    if (first <= last || end >= CONTAINER_VALUES) input.fail('runs overlap')
    if (end - first >= values.length - at) input.fail('runs have more values than the header says')
    for (let low = first; low <= end; low += 1) values[at++] = base + low
    last = end
  }
  if (at !== values.length) input.fail('runs have fewer values than the header says')
}

function readBits(input: Input, base: number, values: Uint32Array): void {
  const { bytes } = input
  const start = input.take(BITMAP_BYTES)
  let at = 0
  for (let index = 0; index < BITMAP_BYTES; index += 1) {
    for (let bits = bytes[start + index] ?? 0; bits !== 0; bits &= bits - 1) {
      // Beyond the end nothing is stored, and the count tells.
      values[at++] = base + 8 * index + 31 - Math.clz32(bits & -bits)
    }
  }
  if (at !== values.length) input.fail(`a bitmap has ${at} values, not the ${values.length} of the header`)
}

type Container = {
  readonly key: number
  readonly start: number
  readonly end: number
  readonly isRun: boolean
  readonly runs: number
  readonly bytes: number
}

function splitIntoContainers(values: ArrayLike<number>, from: number, to: number, base: number): readonly Container[] {
  const containers: Container[] = []
  for (let start = from; start < to; ) {
    const key = Math.floor(((values[start] ?? 0) - base) / CONTAINER_VALUES)
    const limit = base + (key + 1) * CONTAINER_VALUES
    let runs = 0
    let end = start
    let expected = -1
    for (let value = values[end] ?? 0; end < to && value < limit; value = values[end] ?? 0) {
      if (value !== expected) runs += 1
      expected = value + 1
      end += 1
    }
    containers.push(container(key, start, end, runs))
    start = end
  }
  return containers
}

function container(key: number, start: number, end: number, runs: number): Container {
  const count = end - start
  const runBytes = 2 + 4 * runs
  const plainBytes = count > ARRAY_COUNT_MAX ? BITMAP_BYTES : 2 * count
  // CRoaring counts two bytes more for an array than it takes, and so prefers runs at equal size.
  const isRun = runBytes < (count > ARRAY_COUNT_MAX ? plainBytes : plainBytes + 2)
  return { key, start, end, isRun, runs, bytes: isRun ? runBytes : plainBytes }
}

function writeContainer(
  output: DataView,
  offset: number,
  { key, start, end, isRun, runs }: Container,
  values: ArrayLike<number>,
  base: number,
): void {
  const first = base + key * CONTAINER_VALUES
  if (isRun) {
    output.setUint16(offset, runs, true)
    let at = offset - 2
    for (let index = start, expected = -1; index < end; index += 1) {
      const value = (values[index] ?? 0) - first
      if (value !== expected) {
        at += 4
        output.setUint16(at, value, true)
      }
      output.setUint16(at + 2, value - output.getUint16(at, true), true)
      expected = value + 1
    }
  } else if (end - start > ARRAY_COUNT_MAX) {
    for (let index = start; index < end; index += 1) {
      const value = (values[index] ?? 0) - first
      const at = offset + (value >> 3)
      output.setUint8(at, output.getUint8(at) | (1 << (value & 7)))
    }
  } else {
    for (let index = start; index < end; index += 1) {
      output.setUint16(offset + 2 * (index - start), (values[index] ?? 0) - first, true)
    }
  }
}
