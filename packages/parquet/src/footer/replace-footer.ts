import type { ByteSink, RangeReader } from '../range-reader.ts'
import { encodeFooter, type ParquetFooter } from './parquet-footer.ts'

const BATCH_BYTES = 4 * 1024 * 1024

/** Writes the file again with the pages, indexes and filters of `reader` and another footer, such as an edited one. */
export async function replaceFooter(
  reader: RangeReader,
  footer: ParquetFooter,
  sink: ByteSink,
  signal?: AbortSignal,
): Promise<{ readonly sizeBytes: number }> {
  const { metadataOffset } = footer.file
  for (let offset = 0; offset < metadataOffset; ) {
    signal?.throwIfAborted()
    const bytes = await reader.readRange(offset, Math.min(BATCH_BYTES, metadataOffset - offset), signal)
    await sink.write(bytes)
    offset += bytes.length
  }
  const end = encodeFooter(footer.tree)
  await sink.write(end)
  return { sizeBytes: metadataOffset + end.length }
}
