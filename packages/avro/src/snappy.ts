import { MoraineError } from '@moraine/stdx/error'

/**
 * Decodes one block of raw Snappy (github.com/google/snappy, format_description.txt): the decoded length as a varint,
 * then literals and copies from earlier output.
 *
 * @throws {MoraineError} `corrupt` if the block is damaged, `unsupported` beyond `outputBytesMax`; `what` names it.
 */
export function decodeSnappy(input: Uint8Array, outputBytesMax: number, what: string): Buffer {
  const bad = () => new MoraineError('corrupt', `${what} is damaged: a Snappy block cannot be decoded`)
  let at = 0
  const next = (): number => {
    const byte = input[at++]
    if (byte === undefined) throw bad()
    return byte
  }
  const littleEndian = (bytes: number): number => {
    let value = 0
    for (let index = 0; index < bytes; index += 1) value += next() * 2 ** (8 * index)
    return value
  }

  const length = readLength(next, bad)
  if (length > outputBytesMax)
    throw new MoraineError('unsupported', `${what}: a block has more than ${outputBytesMax} bytes`)
  // The densest element, a copy of 64 bytes, takes 3 bytes: a length beyond that is false and nothing is allocated.
  if (length > input.length * 22) throw bad()
  const output = Buffer.allocUnsafe(length)
  let written = 0
  while (at < input.length) {
    const tag = next()
    if ((tag & 3) === 0) {
      const short = tag >>> 2
      const size = (short < 60 ? short : littleEndian(short - 59)) + 1
      if (size > input.length - at || size > length - written) throw bad()
      output.set(input.subarray(at, at + size), written)
      at += size
      written += size
    } else {
      const kind = tag & 3
      const size = kind === 1 ? ((tag >>> 2) & 7) + 4 : (tag >>> 2) + 1
      const offset = kind === 1 ? ((tag >>> 5) << 8) + next() : littleEndian(kind === 2 ? 2 : 4)
      if (offset === 0 || offset > written || size > length - written) throw bad()
      copyWithin(output, written, offset, size)
      written += size
    }
  }
  if (written !== length) throw bad()
  return output
}

function readLength(next: () => number, bad: () => MoraineError): number {
  let length = 0
  for (let shift = 0; shift < 35; shift += 7) {
    const byte = next()
    length += (byte & 0x7f) * 2 ** shift
    if (byte < 0x80) return length
  }
  throw bad()
}

/** Copies `size` bytes from `offset` before `at`; where they overlap, the copied bytes are themselves repeated. */
function copyWithin(output: Buffer, at: number, offset: number, size: number): void {
  if (offset >= size) {
    output.copyWithin(at, at - offset, at - offset + size)
    return
  }
  for (let index = at; index < at + size; index += 1) output[index] = output[index - offset] ?? 0
}
