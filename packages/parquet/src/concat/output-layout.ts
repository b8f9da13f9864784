import type { Piece } from './concat-plan.ts'

/** Collects the pieces of an output in order; `offset` is where the next one begins. */
export class OutputLayout {
  readonly pieces: Piece[] = []
  offset = 0

  appendCopy(what: 'row-group' | 'bloom-filter', input: number, inputOffset: number, length: number): void {
    this.pieces.push({ kind: 'copy', what, input, inputOffset, outputOffset: this.offset, length })
    this.offset += length
  }

  appendBytes(what: 'magic' | 'lineage' | 'column-index' | 'offset-index' | 'footer', bytes: Uint8Array): void {
    this.pieces.push({ kind: 'bytes', what, outputOffset: this.offset, bytes })
    this.offset += bytes.length
  }
}
