import assert from 'node:assert/strict'
import { stageSnapshot } from '@moraine/iceberg/commit/stage-snapshot'
import { EMPTY_METRICS } from '@moraine/iceberg/manifest/content-file'
import type { ManifestEntry } from '@moraine/iceberg/manifest/manifest-entry'
import type { ManifestFile } from '@moraine/iceberg/manifest/manifest-file'
import type { Snapshot } from '@moraine/iceberg/metadata/snapshot'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { encodeTableRequirement } from '@moraine/iceberg/metadata/table-requirement-json'
import { encodeTableUpdate } from '@moraine/iceberg/metadata/table-update-json'
import { readManifestEntries, readManifests } from '@moraine/iceberg/scan/read-manifests'
import { must } from '@moraine/stdx/assert'
import { systemClock } from '@moraine/stdx/clock'
import type { Random } from '@moraine/stdx/random'
import type { FileIO } from '@moraine/storage/file-io'
import type { CrashedCommit } from './crashed-commits.ts'

// Appends that a crash may overtake: their data file, manifest and manifest list are written before they are sent, as
// engines do it. Each adds one file, so that a table of them tells which of them are in it, and which snapshot each is.

/** Of a table to which nothing was done but appends of one file: the id of the snapshot that added it, by file. */
export type AppendedFiles = ReadonlyMap<string, bigint>

export type CrashedAppend = CrashedCommit & {
  readonly table: 'rebasing' | 'keeping'
  /** What its writer removes once it hears 200: its own manifest list, if another one became that of the snapshot. */
  removeAfterSuccess(metadata: TableMetadata): Promise<void>
  /** What its writer removes once it hears 409: all it wrote. */
  removeAfterRefusal(): Promise<void>
}

const ROWS = 3

/** An append to the table as `metadata` has it, prepared and not yet sent. */
export async function prepareAppend(
  table: { readonly name: CrashedAppend['table']; readonly path: string; readonly metadata: TableMetadata },
  id: string,
  { io, random }: { readonly io: FileIO; readonly random: Random },
): Promise<CrashedAppend> {
  const { name, metadata } = table
  const filePath = `${metadata.location}/data/${id}.parquet`
  const bytes = new TextEncoder().encode(filePath)
  await io.write(filePath, bytes)
  const file = {
    content: 'data',
    filePath,
    fileFormat: 'parquet',
    specId: 0,
    partition: [],
    recordCount: ROWS,
    fileSizeBytes: bytes.length,
    metrics: () => EMPTY_METRICS,
  } as const
  const change = { operation: 'append', added: [{ file }], removed: [], summary: {} } as const
  const staged = await stageSnapshot(metadata, change, { io, clock: systemClock, random, attempt: 1 })
  const { snapshotId } = staged.snapshot
  const body = {
    requirements: staged.requirements.map(encodeTableRequirement),
    updates: staged.updates.map(encodeTableUpdate),
  }
  return {
    name: `append ${id} to ${name}`,
    table: name,
    request: { method: 'POST', path: table.path, body },
    judge({ appended }) {
      const files = appended.get(name)
      const adder = files?.get(filePath)
      if (adder === snapshotId) return 'done'
      if (adder !== undefined) return { half: `the file was added by ${adder}, not by ${snapshotId}` }
      return [...(files?.values() ?? [])].includes(snapshotId) ? { half: 'the snapshot added another file' } : 'undone'
    },
    async removeAfterSuccess(made) {
      const own = listOf(staged.snapshot)
      if (!made.snapshots.some((each) => listOf(each) === own)) await io.remove([own])
    },
    removeAfterRefusal: () => io.remove([...staged.writtenFiles, filePath]),
  }
}

/**
 * Reads all manifest lists, all manifests, and looks whether the data files are there. Fails unless the snapshots are one
 * line in which each is the one before it and one file more, and in v3 the rows of that file have the next ids.
 */
export async function readAppended(io: FileIO, metadata: TableMetadata): Promise<AppendedFiles> {
  const appended = new Map<string, bigint>()
  const read = new Map<string, readonly ManifestEntry[]>()
  let before: Snapshot | undefined
  for (const snapshot of metadata.snapshots) {
    const what = `snapshot ${snapshot.snapshotId} of ${metadata.location}`
    assert.equal(snapshot.parentSnapshotId, before?.snapshotId, `${what}: its parent`)
    const manifests = await readManifests(io, metadata, snapshot)
    const files = await readFiles(io, metadata, manifests, read)
    const added = files.filter(({ file }) => !appended.has(file.filePath))
    assert.equal(files.length, appended.size + 1, `${what}: live files`)
    assert.deepEqual(
      added.map((entry) => [entry.status, entry.snapshotId, entry.dataSequenceNumber]),
      [['added', snapshot.snapshotId, snapshot.sequenceNumber]],
      `${what}: what it added`,
    )
    const { filePath, fileSizeBytes } = must(added[0], 'added file').file
    assert.equal((await io.stat(filePath))?.sizeBytes, fileSizeBytes, filePath)
    if (metadata.formatVersion >= 3) assert.equal(snapshot.firstRowId, BigInt(appended.size * ROWS), `${what}: row ids`)
    assert.equal(snapshot.summary['total-records'], String((appended.size + 1) * ROWS), `${what}: total of rows`)
    appended.set(filePath, snapshot.snapshotId)
    before = snapshot
  }
  assert.equal(metadata.currentSnapshotId, before?.snapshotId, `${metadata.location}: its current snapshot`)
  return appended
}

/** Live entries as this snapshot's manifest list completes them; a manifest is read once, and never changes. */
async function readFiles(
  io: FileIO,
  metadata: TableMetadata,
  manifests: readonly ManifestFile[],
  read: Map<string, readonly ManifestEntry[]>,
): Promise<readonly ManifestEntry[]> {
  const keyOf = ({ manifestPath, sequenceNumber, firstRowId }: ManifestFile) =>
    `${manifestPath} ${sequenceNumber} ${firstRowId}`
  const unread = manifests.filter((manifest) => !read.has(keyOf(manifest)))
  const entries = await readManifestEntries(io, metadata, unread)
  for (const [at, manifest] of unread.entries()) read.set(keyOf(manifest), entries[at] ?? [])
  return manifests.flatMap((manifest) => read.get(keyOf(manifest)) ?? []).filter(({ status }) => status !== 'deleted')
}

function listOf({ manifests }: Snapshot): string {
  assert.ok(manifests.kind === 'list')
  return manifests.location
}
