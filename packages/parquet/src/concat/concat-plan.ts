import type { ParquetFooter } from '../footer/parquet-footer.ts'
import type { RowLineage } from '../lineage/lineage-columns.ts'
import type { ConcatSource } from './concat-source.ts'

/** One file, or some of its row groups, to be copied into the output. The same file may occur more than once. */
export type ConcatInput = {
  readonly source: ConcatSource
  /** Positions in the file, in the order in which they are copied; all by default. */
  readonly rowGroups?: readonly number[]
  /** For {@link ConcatOptions.rowLineage}: needed where the file has no lineage columns. */
  readonly lineage?: RowLineage
}

export type ConcatOptions = {
  /** Format v3: the output must hold row ids and sequence numbers as columns, since its manifest entry cannot. */
  readonly rowLineage: boolean
  /** Written if the inputs' writers differ, in Parquet's form: `moraine version 0.1.0`. */
  readonly createdBy: string
}

/** What the output consists of, byte for byte, and where each byte comes from. */
export type ConcatPlan = {
  readonly kind: 'planned'
  /** The files as they were planned from; an input of another size is not the same file any more. */
  readonly inputs: readonly { readonly name: string; readonly sizeBytes: number }[]
  /** In the order of the output, without gaps. */
  readonly pieces: readonly Piece[]
  readonly footer: ParquetFooter
  readonly sizeBytes: number
  readonly rows: number
  /** Where each row group begins, for the manifest entry. */
  readonly splitOffsets: readonly number[]
  /** What was left out that readers could have used: page indexes, column orders. */
  readonly notes: readonly string[]
}

export type ConcatRefusal = { readonly kind: 'refused'; readonly reason: string }

export type Piece =
  | {
      readonly kind: 'copy'
      readonly what: 'row-group' | 'bloom-filter'
      /** Position among the plan's inputs. */
      readonly input: number
      readonly inputOffset: number
      readonly outputOffset: number
      readonly length: number
    }
  | {
      readonly kind: 'bytes'
      readonly what: 'magic' | 'lineage' | 'column-index' | 'offset-index' | 'footer'
      readonly outputOffset: number
      readonly bytes: Uint8Array
    }

export function pieceLength(piece: Piece): number {
  return piece.kind === 'copy' ? piece.length : piece.bytes.length
}
