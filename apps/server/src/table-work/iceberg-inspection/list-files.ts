import type { EntryCursor } from '@moraine/iceberg/manifest/entry-cursor'
import type { ManifestFile } from '@moraine/iceberg/manifest/manifest-file'
import type { SnapshotId } from '@moraine/iceberg/metadata/snapshot'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { MANIFESTS_AT_A_TIME, mayHoldLiveFiles, readManifest } from '@moraine/iceberg/scan/read-manifests'
import type {
  FilePage,
  ListedFile,
  PartitionFilesQuery,
  SnapshotFilesQuery,
} from '@moraine/management/table-work/table-inspection'
import { checkAborted } from '@moraine/stdx/abort'
import { mapBounded } from '@moraine/stdx/bounded'
import type { FileIO } from '@moraine/storage/file-io'
import { type ManifestTally, partitionDescriber, sizeOf } from './manifest-tally.ts'

export type FilesContext = { readonly io: FileIO; readonly metadata: TableMetadata; readonly signal?: AbortSignal }

/** Live files of a partition. Of the manifests that have any, only those are read that the page lies in. */
export async function listPartitionFiles(
  { partitionPath, specId, offset, limit }: PartitionFilesQuery,
  manifests: readonly ManifestFile[],
  tallyOf: (manifest: ManifestFile, signal: AbortSignal) => Promise<ManifestTally>,
  context: FilesContext,
): Promise<FilePage> {
  const asked = manifests.filter(
    (each) => mayHoldLiveFiles(each) && (specId === undefined || each.partitionSpecId === specId),
  )
  const shares = await mapBounded(
    asked,
    MANIFESTS_AT_A_TIME,
    async (manifest, signal): Promise<Share> => {
      const { partitions } = await tallyOf(manifest, signal)
      const named = partitions.filter((each) => each.partitionPath === partitionPath)
      const keys = new Set(named.map(({ key }) => key))
      return {
        manifest,
        count: named.reduce((sum, { files }) => sum + files, 0),
        isAsked: ({ status }, { key }) => status !== 'deleted' && keys.has(key),
      }
    },
    context.signal,
  )
  return pageOf(shares, { offset, limit }, context)
}

/** Files that a snapshot added, then those it removed: they are in the manifests that it wrote, with their numbers. */
export async function listSnapshotFiles(
  { snapshotId, offset, limit }: SnapshotFilesQuery,
  manifests: readonly ManifestFile[],
  context: FilesContext,
): Promise<FilePage> {
  const written = manifests.filter(({ addedSnapshotId }) => addedSnapshotId === snapshotId)
  const shares: Share[] = []
  for (const change of ['added', 'removed'] as const) {
    const status = change === 'added' ? 'added' : 'deleted'
    for (const manifest of written) {
      const isAsked: Share['isAsked'] = (cursor) => cursor.status === status && cursor.snapshotId === snapshotId
      const stated = change === 'added' ? manifest.addedFilesCount : manifest.deletedFilesCount
      const count = stated ?? (await countEntries(manifest, isAsked, context))
      shares.push({ manifest, count, isAsked, change })
    }
  }
  return pageOf(shares, { offset, limit }, context)
}

type PartitionName = ReturnType<ReturnType<typeof partitionDescriber>>

/** What a list takes from one manifest. */
type Share = {
  readonly manifest: ManifestFile
  readonly count: number
  readonly isAsked: (cursor: EntryCursor, partition: PartitionName) => boolean
  readonly change?: NonNullable<ListedFile['change']>
}

async function pageOf(
  shares: readonly Share[],
  { offset, limit }: { readonly offset: number; readonly limit: number },
  context: FilesContext,
): Promise<FilePage> {
  const committedAt = new Map(
    context.metadata.snapshots.map(({ snapshotId, timestampMs }) => [snapshotId, timestampMs]),
  )
  const files: ListedFile[] = []
  let before = 0
  for (const share of shares) {
    const skip = Math.max(0, offset - before)
    before += share.count
    if (skip >= share.count || files.length >= limit) continue
    await takeFiles(share, { skip, upTo: limit, files, committedAt }, context)
  }
  return { files, total: before }
}

type Taking = {
  readonly skip: number
  readonly upTo: number
  readonly files: ListedFile[]
  readonly committedAt: ReadonlyMap<SnapshotId, number>
}

async function takeFiles(
  share: Share,
  { skip, upTo, files, committedAt }: Taking,
  context: FilesContext,
): Promise<void> {
  let passed = 0
  await forEachAsked(share, context, (cursor, { specId, partitionPath }) => {
    passed += 1
    if (passed <= skip) return true
    files.push({
      path: cursor.filePath(),
      content: cursor.content,
      specId,
      partitionPath,
      sizeBytes: sizeOf(cursor),
      records: cursor.recordCount,
      snapshotId: cursor.snapshotId,
      committedAtMs: committedAt.get(cursor.snapshotId),
      ...(share.change !== undefined && { change: share.change }),
    })
    return files.length < upTo
  })
}

async function countEntries(manifest: ManifestFile, isAsked: Share['isAsked'], context: FilesContext): Promise<number> {
  let count = 0
  await forEachAsked({ manifest, isAsked }, context, () => {
    count += 1
    return true
  })
  return count
}

/** Stops where `visit` returns false. */
async function forEachAsked(
  { manifest, isAsked }: Pick<Share, 'manifest' | 'isAsked'>,
  { io, metadata, signal }: FilesContext,
  visit: (cursor: EntryCursor, partition: PartitionName) => boolean,
): Promise<void> {
  checkAborted(signal, `listing files of ${metadata.location}`)
  const describe = partitionDescriber(metadata, manifest)
  const cursor = (await readManifest(io, metadata, manifest, signal)).cursor()
  let run = -1
  let partition: PartitionName | undefined
  while (cursor.next()) {
    if (partition === undefined || cursor.partitionRun !== run) partition = describe(cursor)
    run = cursor.partitionRun
    if (isAsked(cursor, partition) && !visit(cursor, partition)) return
  }
}
