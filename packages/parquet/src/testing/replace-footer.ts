import { encodeFooter, type ParquetFooter } from '../footer/parquet-footer.ts'
import { type OutputSink, type RangeReader, readRangeReusing } from '../range-reader.ts'

const BATCH_BYTES = 4 * 1024 * 1024

/** Writes the file again with the pages, indexes and filters of `reader` and another footer, such as an edited one. */
export async function replaceFooter(
  reader: RangeReader,
  footer: ParquetFooter,
  sink: OutputSink,
  signal?: AbortSignal,
): Promise<{ readonly sizeBytes: number }> {
  const { metadataOffset } = footer.file
  const buffer = Buffer.allocUnsafe(Math.min(BATCH_BYTES, metadataOffset))
  for (let offset = 0; offset < metadataOffset; ) {
    signal?.throwIfAborted()
    const length = Math.min(BATCH_BYTES, metadataOffset - offset)
    const bytes = await readRangeReusing(reader, offset, length, buffer, signal)
    await sink.write(bytes)
    offset += bytes.length
  }
  const end = encodeFooter(footer.tree)
  await sink.write(end)
  return { sizeBytes: metadataOffset + end.length }
}
