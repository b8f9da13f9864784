import { zstdCompressSync } from 'node:zlib'
import type { SnapshotId } from '../metadata/snapshot.ts'
import { ROW_POSITION_FIELD_ID } from '../schema/reserved-field-ids.ts'
import { encodePuffinFooter, PUFFIN_MAGIC, type PuffinBlob } from './puffin-footer.ts'

export type NewPuffinBlob = Pick<PuffinBlob, 'type' | 'fields' | 'snapshotId' | 'sequenceNumber' | 'properties'> & {
  readonly bytes: Uint8Array
  readonly compressionCodec?: 'zstd'
}

export type WrittenPuffin = {
  readonly bytes: Uint8Array
  /** In the order in which they were added; their offsets and lengths go into manifest entries or statistics. */
  readonly blobs: readonly PuffinBlob[]
  readonly footerSizeBytes: number
}

/** Puts blobs into a Puffin file. `properties` should name the writer under `created-by`. */
export function writePuffin(
  blobs: readonly NewPuffinBlob[],
  properties: Readonly<Record<string, string>>,
): WrittenPuffin {
  const parts: Uint8Array[] = [PUFFIN_MAGIC]
  const written: PuffinBlob[] = []
  let offset = PUFFIN_MAGIC.length
  for (const { bytes, ...blob } of blobs) {
    const stored = blob.compressionCodec === 'zstd' ? zstdCompressSync(bytes) : bytes
    written.push({ ...blob, offset, length: stored.length })
    parts.push(stored)
    offset += stored.length
  }
  const footer = encodePuffinFooter({ blobs: written, properties })
  return { bytes: new Uint8Array(Buffer.concat([...parts, footer])), blobs: written, footerSizeBytes: footer.length }
}

const DELETION_VECTOR_TYPE = 'deletion-vector-v1'

/** The blob of a vector that `encodeDeletionVector` made of `cardinality` positions in `referencedDataFile`. */
export function deletionVectorBlob(
  vector: Uint8Array,
  { referencedDataFile, cardinality }: { readonly referencedDataFile: string; readonly cardinality: number },
): NewPuffinBlob {
  return {
    type: DELETION_VECTOR_TYPE,
    fields: [ROW_POSITION_FIELD_ID],
    // Not known before the commit; the specification wants -1.
    snapshotId: -1n as SnapshotId,
    sequenceNumber: -1,
    properties: { 'referenced-data-file': referencedDataFile, cardinality: String(cardinality) },
    bytes: vector,
  }
}
