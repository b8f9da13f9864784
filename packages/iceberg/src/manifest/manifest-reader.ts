import { type AvroContainer, openContainer } from '@moraine/avro/container-reader'
import { assert } from '@moraine/stdx/assert'
import { MoraineError } from '@moraine/stdx/error'
import type { PartitionSpec } from '../partition/partition-spec.ts'
import type { PrimitiveType } from '../schema/type.ts'
import type { ContentFile } from './content-file.ts'
import { EntryCursor } from './entry-cursor.ts'
import { planEntries } from './entry-plan.ts'
import type { ManifestEntry } from './manifest-entry.ts'
import type { ManifestFile } from './manifest-file.ts'

export type ManifestContext = {
  /** The spec that `manifest.partitionSpecId` names. */
  readonly spec: PartitionSpec
  /** Of `partitionFieldTypes`, for that spec. */
  readonly partitionTypes: readonly PrimitiveType[]
}

export type Manifest = {
  /** The manifest's line in the manifest list. */
  readonly file: ManifestFile
  /** The header's entries (`schema`, `partition-spec`, `content`, ...). */
  readonly metadata: ReadonlyMap<string, string>
  /** All entries, deleted ones too, each with objects of its own. May be called again. */
  entries(): Iterable<ManifestEntry>
  /** The same without making objects: for indexes over millions of files. */
  cursor(): EntryCursor
  /** The blocks of entries, for {@link EntryCursor.enterBlock}; see {@link AvroContainer.blocksAhead}. */
  readonly blocksAhead: AvroContainer['blocksAhead']
}

/**
 * Opens the bytes of a manifest. `manifest` is its line in the manifest list, from which entries inherit.
 *
 * @throws {MoraineError} `corrupt` if the file is damaged or contradicts its line, here or while entries are read;
 *   `unsupported` for another format version, codec or file format.
 */
export function openManifest(bytes: Uint8Array, manifest: ManifestFile, context: ManifestContext): Manifest {
  const what = manifest.manifestPath
  assert(context.spec.specId === manifest.partitionSpecId, `${what} is opened with another manifest's partition spec`)
  const container = openContainer(bytes, what)
  const metadata = new Map<string, string>()
  for (const [key, value] of container.metadata) metadata.set(key, Buffer.from(value).toString('utf8'))
  checkHeader(metadata, manifest)
  const plan = planEntries(container.schema, context.spec, context.partitionTypes, what)
  const cursor = () => new EntryCursor(container, plan, manifest)
  return { file: manifest, metadata, cursor, blocksAhead: container.blocksAhead, entries: () => readEntries(cursor()) }
}

/** The current entry as an object that may be kept. */
export function entryAt(cursor: EntryCursor): ManifestEntry {
  const { status, snapshotId, dataSequenceNumber, fileSequenceNumber } = cursor
  return { status, snapshotId, dataSequenceNumber, fileSequenceNumber, file: fileAt(cursor) }
}

function* readEntries(cursor: EntryCursor): Generator<ManifestEntry, void, undefined> {
  while (cursor.next()) yield entryAt(cursor)
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

// Optional properties are set one by one, in one order, so that files of a table share few hidden classes.
function fileAt(cursor: EntryCursor): ContentFile {
  const file: Mutable<ContentFile> = {
    content: cursor.content,
    filePath: cursor.filePath(),
    fileFormat: cursor.fileFormat,
    specId: cursor.specId,
    partition: cursor.partition(),
    recordCount: cursor.recordCount,
    fileSizeBytes: cursor.fileSizeBytes,
    metrics: cursor.deferredMetrics(),
  }
  const splitOffsets = cursor.splitOffsets()
  if (splitOffsets !== undefined) file.splitOffsets = splitOffsets
  if (cursor.sortOrderId !== undefined) file.sortOrderId = cursor.sortOrderId
  if (cursor.firstRowId !== undefined) file.firstRowId = cursor.firstRowId
  const keyMetadata = cursor.keyMetadata()
  if (keyMetadata !== undefined) file.keyMetadata = keyMetadata
  if (cursor.content === 'data') return file
  const equalityIds = cursor.equalityIds()
  if (equalityIds !== undefined) file.equalityIds = equalityIds
  const referencedDataFile = cursor.referencedDataFile()
  if (referencedDataFile !== undefined) file.referencedDataFile = referencedDataFile
  if (cursor.contentOffset !== undefined) file.contentOffset = cursor.contentOffset
  if (cursor.contentSizeBytes !== undefined) file.contentSizeBytes = cursor.contentSizeBytes
  return file
}

function checkHeader(metadata: ReadonlyMap<string, string>, manifest: ManifestFile): void {
  const version = metadata.get('format-version')
  if (version !== undefined && !['1', '2', '3'].includes(version)) {
    throw new MoraineError('unsupported', `${manifest.manifestPath} has format version ${version}; 1 to 3 are known`)
  }
  const content = metadata.get('content')
  if (content !== undefined && content !== manifest.content) {
    throw new MoraineError(
      'corrupt',
      `${manifest.manifestPath} says it holds ${content}, its line in the manifest list says ${manifest.content}`,
    )
  }
}
