import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'

/**
 * How a swap of the metadata file `base` for `next` ended, by the log of whoever has gone on since: it has every file since
 * the base, if it reaches back that far. `undefined` if it does not.
 */
export function toldByLog(
  { metadataLog }: Pick<TableMetadata, 'metadataLog'>,
  { base, next }: { readonly base: string; readonly next: string },
): 'won' | 'lost' | undefined {
  const logged = metadataLog.map(({ metadataFile }) => metadataFile)
  const start = logged.lastIndexOf(base)
  // Where the table was put back to an earlier file, that one may be in it from before.
  if (logged.lastIndexOf(next) > start) return 'won'
  // Without the base, neither can a swap be told from one that has left the log.
  return start >= 0 ? 'lost' : undefined
}
