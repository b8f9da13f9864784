import { type Piece, pieceLength } from './concat-plan.ts'

/** Bytes of the output that one read, or none, provides. */
export type Batch = {
  readonly source:
    | { readonly kind: 'read'; readonly input: number; readonly offset: number }
    | { readonly kind: 'bytes' }
  length: number
  readonly slices: Slice[]
}

/** The part of a piece that a batch holds. */
export type Slice = {
  readonly piece: Piece
  /** Within the piece. */
  readonly offset: number
  readonly length: number
}

export const BATCH_BYTES: number = 4 * 1024 * 1024

/**
 * Cuts pieces into batches of at most {@link BATCH_BYTES}, and joins neighbours: what lies together in one input and
 * comes together in the output is one read, so that many small pieces do not cost a request each. A bloom filter is
 * only cut where it does not fit into a batch, so that its header is always in one part.
 */
export function readBatches(pieces: readonly Piece[]): Batch[] {
  const batches: Batch[] = []
  for (const piece of pieces) {
    const length = pieceLength(piece)
    for (let offset = 0; offset < length; ) {
      const batch = roomFor(batches, piece, offset, length)
      const part = Math.min(BATCH_BYTES - batch.length, length - offset)
      batch.slices.push({ piece, offset, length: part })
      batch.length += part
      offset += part
    }
  }
  return batches
}

function roomFor(batches: Batch[], piece: Piece, offset: number, length: number): Batch {
  const last = batches.at(-1)
  const room = last === undefined ? 0 : BATCH_BYTES - last.length
  const isTooLarge = piece.what === 'bloom-filter' && offset === 0 && room < Math.min(length, BATCH_BYTES)
  if (last !== undefined && room > 0 && !isTooLarge && continues(last, piece, offset)) return last
  const source: Batch['source'] =
    piece.kind === 'copy' ? { kind: 'read', input: piece.input, offset: piece.inputOffset + offset } : { kind: 'bytes' }
  const batch = { source, length: 0, slices: [] }
  batches.push(batch)
  return batch
}

function continues({ source, length }: Batch, piece: Piece, offset: number): boolean {
  if (source.kind === 'bytes' || piece.kind === 'bytes') return source.kind === piece.kind
  return source.input === piece.input && source.offset + length === piece.inputOffset + offset
}
