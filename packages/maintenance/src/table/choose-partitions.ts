import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import type { FileIO } from '@moraine/storage/file-io'
import type { FileIndex } from '../plan/file-index.ts'
import type { PartitionFilter } from '../plan/partition-filter.ts'
import { mapManifests } from './map-manifests.ts'
import { readManifestRows } from './read-rows.ts'

/** The ordinals of the partitions that pass every filter. Manifests are read again only where values leave it open. */
export async function choosePartitions(
  io: FileIO,
  metadata: TableMetadata,
  index: FileIndex,
  filters: readonly PartitionFilter[],
  signal?: AbortSignal,
): Promise<ReadonlySet<number>> {
  let chosen: ReadonlySet<number> = new Set(Array.from({ length: index.partitions.size }, (_, ordinal) => ordinal))
  for (const filter of filters) chosen = await passing(io, metadata, index, { filter, chosen }, signal)
  return chosen
}

async function passing(
  io: FileIO,
  metadata: TableMetadata,
  index: FileIndex,
  { filter, chosen }: { readonly filter: PartitionFilter; readonly chosen: ReadonlySet<number> },
  signal: AbortSignal | undefined,
): Promise<ReadonlySet<number>> {
  const passed = new Set<number>()
  const open = new Set<number>()
  for (const ordinal of chosen) {
    const verdict = filter.judge(index.partitions.at(ordinal))
    if (verdict === 'all') passed.add(ordinal)
    if (verdict === 'some') open.add(ordinal)
  }
  const segments = index.segments
    .map(({ files }) => files)
    .filter(({ partitions }) => partitions.some((each) => open.has(each)))
  await mapManifests(
    segments.map(({ manifest }) => manifest),
    async (_, inner, at) => {
      const files = segments[at]
      if (files === undefined) return
      // Other segments may have settled all of its partitions meanwhile.
      const rows = [...files.partitions.keys()].filter((row) => open.has(files.partitions[row] ?? 0))
      if (rows.length === 0) return
      await readManifestRows(
        io,
        metadata,
        files,
        rows,
        (cursor, row) => {
          const ordinal = files.partitions[row] ?? 0
          if (!open.has(ordinal)) return
          if (!filter.mayMatchFile({ recordCount: cursor.recordCount, metrics: () => cursor.metrics() })) return
          open.delete(ordinal)
          passed.add(ordinal)
        },
        inner,
      )
    },
    signal,
  )
  return passed
}
