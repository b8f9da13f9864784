import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ContentFile, FileMetrics } from '@moraine/iceberg/manifest/content-file'
import type { ManifestFile } from '@moraine/iceberg/manifest/manifest-file'
import { readManifestList } from '@moraine/iceberg/manifest/manifest-list-reader'
import { writeManifestList } from '@moraine/iceberg/manifest/manifest-list-writer'
import { ManifestWriter } from '@moraine/iceberg/manifest/manifest-writer'
import { assignSequenceNumber } from '@moraine/iceberg/manifest/staged-manifest'
import type { Snapshot, SnapshotId } from '@moraine/iceberg/metadata/snapshot'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import type { PartitionSpec } from '@moraine/iceberg/partition/partition-spec'
import { encodePartitionFields } from '@moraine/iceberg/partition/partition-spec-json'
import type { Schema } from '@moraine/iceberg/schema/schema'
import { encodeSchema } from '@moraine/iceberg/schema/schema-json'
import type { EpochMs } from '@moraine/stdx/brand'
import { formatExactJson } from '@moraine/stdx/exact-json'

const COLUMNS = 17
const PARTITIONS = 30
const MIB = 1024 * 1024
const SCHEMA: Schema = {
  schemaId: 0,
  fields: Array.from({ length: COLUMNS }, (_, at) => ({
    id: at + 1,
    name: `c${at + 1}`,
    required: false,
    type: { kind: 'long' as const },
  })),
  identifierFieldIds: [],
}
const SPEC: PartitionSpec = {
  specId: 0,
  fields: [{ fieldId: 1000, sourceIds: [1], name: 'c1', transform: { kind: 'identity' } }],
}

/**
 * Writes the metadata of a table of `manifests` x `filesPerManifest` data files that do not exist, with statistics on 17
 * columns: sizes from 1 to 200 MiB in 30 partitions, so that a part of them is worth rewriting.
 */
export async function generateTable(
  directory: string,
  manifests: number,
  filesPerManifest: number,
): Promise<TableMetadata> {
  await mkdir(join(directory, 'metadata'), { recursive: true })
  const lines: ManifestFile[] = []
  for (let at = 0; at < manifests; at += 1) lines.push(await writeManifest(directory, at, filesPerManifest))
  return writeSnapshot(directory, lines)
}

/** Commits files on top: one more manifest, one more manifest list. */
export async function appendFiles(directory: string, metadata: TableMetadata, files: number): Promise<TableMetadata> {
  const [snapshot] = metadata.snapshots
  if (snapshot?.manifests.kind !== 'list') throw new Error('the table has no manifest list')
  const { manifests } = readManifestList(await readFile(snapshot.manifests.location), snapshot.manifests.location)
  const added = await writeManifest(directory, manifests.length, files)
  return writeSnapshot(directory, [...manifests, added])
}

async function writeSnapshot(directory: string, manifests: readonly ManifestFile[]): Promise<TableMetadata> {
  const list = join(directory, 'metadata', `list-${manifests.length}.avro`)
  const sequenceNumber = manifests.length
  const snapshotId = BigInt(sequenceNumber) as SnapshotId
  await writeFile(list, writeManifestList({ formatVersion: 2, manifests, snapshotId, sequenceNumber }))
  return tableOf(directory, {
    snapshotId,
    sequenceNumber,
    timestampMs: 1 as EpochMs,
    manifests: { kind: 'list', location: list },
    operation: 'append',
    summary: {},
    schemaId: 0,
  })
}

async function writeManifest(directory: string, at: number, files: number): Promise<ManifestFile> {
  const writer = new ManifestWriter({
    manifestPath: join(directory, 'metadata', `m${at}.avro`),
    formatVersion: 2,
    content: 'data',
    spec: SPEC,
    partitionTypes: [{ kind: 'long' }],
    schemaJson: formatExactJson(encodeSchema(SCHEMA)),
    schemaId: 0,
    partitionFieldsJson: formatExactJson(encodePartitionFields(SPEC.fields)),
    snapshotId: BigInt(at + 1) as SnapshotId,
  })
  for (let index = 0; index < files; index += 1) writer.add(dataFile(directory, at * files + index))
  const { bytes, manifest } = writer.finish()
  await writeFile(manifest.manifestPath, bytes)
  return assignSequenceNumber(manifest, at + 1)
}

function dataFile(directory: string, ordinal: number): ContentFile {
  const partition = BigInt(ordinal % PARTITIONS)
  const scattered = Math.imul(ordinal, 2654435761) >>> 0
  return {
    content: 'data',
    filePath: `${directory}/data/c1=${partition}/${String(ordinal).padStart(8, '0')}-4f7a1c9e-0000-4000-8000-000000000000-00001.parquet`,
    fileFormat: 'parquet',
    specId: 0,
    partition: [partition],
    recordCount: 100_000,
    fileSizeBytes: MIB + (scattered % (200 * MIB)),
    metrics: () => metricsOf(scattered),
    splitOffsets: [4],
    sortOrderId: 0,
  }
}

function metricsOf(seed: number): FileMetrics {
  const byColumn = <T>(value: (id: number) => T) =>
    new Map(Array.from({ length: COLUMNS }, (_, at) => [at + 1, value(at + 1)] as const))
  const bound = (value: number) => {
    const bytes = new Uint8Array(8)
    new DataView(bytes.buffer).setBigInt64(0, BigInt(value), true)
    return bytes
  }
  return {
    columnSizes: byColumn((id) => 1000 * id + (seed % 1000)),
    valueCounts: byColumn(() => 100_000),
    nullValueCounts: byColumn(() => 0),
    nanValueCounts: new Map(),
    lowerBounds: byColumn((id) => bound((seed % 1_000_000) * id)),
    upperBounds: byColumn((id) => bound((seed % 1_000_000) * id + 5000)),
  }
}

function tableOf(directory: string, snapshot: Snapshot): TableMetadata {
  return {
    formatVersion: 2,
    tableUuid: '00000000-0000-4000-8000-000000000000',
    location: directory,
    lastSequenceNumber: snapshot.sequenceNumber,
    lastUpdatedMs: snapshot.timestampMs,
    lastColumnId: COLUMNS,
    schemas: [SCHEMA],
    currentSchemaId: 0,
    partitionSpecs: [SPEC],
    defaultSpecId: 0,
    lastPartitionId: 1000,
    sortOrders: [{ orderId: 0, fields: [] }],
    defaultSortOrderId: 0,
    properties: {},
    currentSnapshotId: snapshot.snapshotId,
    snapshots: [snapshot],
    snapshotLog: [],
    metadataLog: [],
    refs: { main: { type: 'branch', snapshotId: snapshot.snapshotId } },
    statistics: [],
    partitionStatistics: [],
    nextRowId: 0n,
    encryptionKeys: [],
  }
}
