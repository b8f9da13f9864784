import type { AvroCompression } from '@moraine/avro/block-codec'
import type { ByteSink } from '@moraine/avro/byte-sink'
import { ContainerWriter } from '@moraine/avro/container-writer'
import { MoraineError } from '@moraine/stdx/error'
import type { SnapshotId } from '../metadata/snapshot.ts'
import type { FormatVersion } from '../metadata/table-metadata.ts'
import { listSchemaText } from './list-schema.ts'
import type { FieldSummary, ManifestFile } from './manifest-file.ts'
import { encodeOptionalBigLong, encodeOptionalBytes, encodeOptionalLong } from './optional-encoding.ts'

export type ManifestListInput = {
  readonly formatVersion: FormatVersion
  readonly manifests: readonly ManifestFile[]
  readonly snapshotId: SnapshotId
  readonly parentSnapshotId?: SnapshotId
  /** 0 in v1. */
  readonly sequenceNumber: number
  /** v3: the snapshot's first row id. */
  readonly firstRowId?: bigint
  readonly compression?: AvroCompression
}

/**
 * Encodes a manifest list. In v3 the data manifests need their row ids: see `assignFirstRowIds`.
 *
 * @throws {MoraineError} `invalid-input` for a manifest that the format version cannot express, `unsupported` for one
 *   from an old v1 list without the counts that later versions demand.
 */
export function writeManifestList(input: ManifestListInput): Uint8Array {
  const { formatVersion, compression } = input
  const container = new ContainerWriter({
    schemaText: listSchemaText(formatVersion),
    metadata: header(input),
    ...(compression && { compression }),
  })
  for (const manifest of input.manifests) {
    encodeManifest(manifest, formatVersion, container.sink)
    container.endValue()
  }
  return container.finish()
}

function header(input: ManifestListInput): readonly (readonly [string, string])[] {
  const { formatVersion, firstRowId } = input
  if (formatVersion === 3 && firstRowId === undefined) {
    throw new MoraineError(
      'invalid-input',
      'a manifest list of format version 3 needs the first row id of its snapshot',
    )
  }
  return [
    ['snapshot-id', String(input.snapshotId)],
    // The reference implementation writes the word where there is no parent.
    ['parent-snapshot-id', String(input.parentSnapshotId ?? null)],
    ...(formatVersion === 1 ? [] : ([['sequence-number', String(input.sequenceNumber)]] as const)),
    ...(formatVersion === 3 ? ([['first-row-id', String(firstRowId)]] as const) : []),
    ['format-version', String(formatVersion)],
  ]
}

function encodeManifest(manifest: ManifestFile, formatVersion: FormatVersion, sink: ByteSink): void {
  if (formatVersion === 1 && manifest.content === 'deletes') {
    throw new MoraineError('invalid-input', `${manifest.manifestPath}: format version 1 has no delete manifests`)
  }
  sink.writeString(manifest.manifestPath)
  sink.writeLong(manifest.manifestLength)
  sink.writeLong(manifest.partitionSpecId)
  if (formatVersion > 1) {
    sink.writeLong(manifest.content === 'data' ? 0 : 1)
    sink.writeLong(manifest.sequenceNumber)
    sink.writeLong(manifest.minSequenceNumber)
  }
  sink.writeBigLong(manifest.addedSnapshotId)
  encodeCounts(sink, formatVersion, manifest, ['addedFilesCount', 'existingFilesCount', 'deletedFilesCount'])
  if (formatVersion === 1) encodeSummaries(sink, manifest.partitions)
  encodeCounts(sink, formatVersion, manifest, ['addedRowsCount', 'existingRowsCount', 'deletedRowsCount'])
  if (formatVersion > 1) encodeSummaries(sink, manifest.partitions)
  encodeOptionalBytes(sink, manifest.keyMetadata)
  if (formatVersion === 3) encodeOptionalBigLong(sink, rowIdOf(manifest))
}

type CountName = Extract<keyof ManifestFile, `${string}Count`>

function encodeCounts(
  sink: ByteSink,
  formatVersion: FormatVersion,
  manifest: ManifestFile,
  names: readonly CountName[],
): void {
  for (const name of names) {
    const count = manifest[name]
    if (formatVersion === 1) encodeOptionalLong(sink, count)
    else if (count !== undefined) sink.writeLong(count)
    else {
      throw new MoraineError(
        'unsupported',
        `${manifest.manifestPath} has no ${name}, which format version ${formatVersion} demands; rewrite the table's manifests`,
      )
    }
  }
}

function encodeSummaries(sink: ByteSink, summaries: readonly FieldSummary[]): void {
  sink.writeLong(1)
  if (summaries.length > 0) sink.writeLong(summaries.length)
  for (const { containsNull, containsNan, lowerBound, upperBound } of summaries) {
    sink.writeBoolean(containsNull)
    sink.writeLong(containsNan === undefined ? 0 : 1)
    if (containsNan !== undefined) sink.writeBoolean(containsNan)
    encodeOptionalBytes(sink, lowerBound)
    encodeOptionalBytes(sink, upperBound)
  }
  sink.writeLong(0)
}

function rowIdOf(manifest: ManifestFile): bigint | undefined {
  if (manifest.content === 'deletes') return undefined
  if (manifest.firstRowId !== undefined) return manifest.firstRowId
  throw new MoraineError(
    'invalid-input',
    `${manifest.manifestPath} has no first row id, which format version 3 demands`,
  )
}
