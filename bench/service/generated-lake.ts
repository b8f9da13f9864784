import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ContentFile, FileMetrics } from '@moraine/iceberg/manifest/content-file'
import type { ManifestFile } from '@moraine/iceberg/manifest/manifest-file'
import { writeManifestList } from '@moraine/iceberg/manifest/manifest-list-writer'
import { ManifestWriter } from '@moraine/iceberg/manifest/manifest-writer'
import { assignSequenceNumber } from '@moraine/iceberg/manifest/staged-manifest'
import type { SnapshotId } from '@moraine/iceberg/metadata/snapshot'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { formatTableMetadata } from '@moraine/iceberg/metadata/table-metadata-json'
import type { PartitionSpec } from '@moraine/iceberg/partition/partition-spec'
import type { Schema } from '@moraine/iceberg/schema/schema'
import { encodeSchema } from '@moraine/iceberg/schema/schema-json'
import type { EpochMs } from '@moraine/stdx/brand'
import { formatExactJson } from '@moraine/stdx/exact-json'

/**
 * What a commit left: `quiet` one large file more, which no trigger asks for; `work` files without a row, which are to be
 * rewritten into nothing.
 */
export type CommitKind = 'quiet' | 'work'

/** The metadata of many small tables that share their manifests: each has a metadata file of its own for each commit. */
export type GeneratedLake = {
  readonly warehouse: string
  /** Writes the metadata file of a table after its `version`th commit, and gives where. */
  writeVersion(table: string, version: number, kind: CommitKind): Promise<string>
}

const NAMESPACE = 'bench'
const MIB = 2 ** 20
/** As many appended manifests are told apart; then they come again. */
const APPENDS = 64
const WORK_FILES = 16

const SCHEMA: Schema = {
  schemaId: 0,
  fields: [{ id: 1, name: 'id', required: false, type: { kind: 'long' } }],
  identifierFieldIds: [],
}
const SPEC: PartitionSpec = { specId: 0, fields: [] }

/** Writes what all tables share. */
export async function generateLake(warehouse: string): Promise<GeneratedLake> {
  const shared = join(warehouse, 'shared')
  await mkdir(shared, { recursive: true })
  const base = await writeManifest(shared, 'base', filesOf('base', 3, 120 * MIB, 1_000_000))
  const quiet: string[] = []
  for (let at = 0; at < APPENDS; at += 1) {
    const added = await writeManifest(shared, `quiet-${at}`, filesOf(`quiet-${at}`, 1, 120 * MIB, 1_000_000))
    quiet.push(await writeList(shared, `quiet-${at}`, [base, added]))
  }
  const empty = await writeManifest(shared, 'work', filesOf('work', WORK_FILES, MIB, 0))
  const work = await writeList(shared, 'work', [base, empty])
  return {
    warehouse,
    async writeVersion(table, version, kind) {
      const directory = join(warehouse, NAMESPACE, table)
      if (version === 0) await mkdir(join(directory, 'metadata'), { recursive: true })
      const list = kind === 'work' ? work : (quiet[version % APPENDS] ?? '')
      const location = join(directory, 'metadata', `${String(version).padStart(5, '0')}-bench.metadata.json`)
      await writeFile(location, formatTableMetadata(metadataOf(directory, table, version, list)))
      return location
    },
  }
}

export function tableName(at: number) {
  return { catalog: 'lake', namespace: [NAMESPACE], name: `t${String(at).padStart(6, '0')}` }
}

async function writeList(directory: string, name: string, manifests: readonly ManifestFile[]): Promise<string> {
  const location = join(directory, `${name}.list.avro`)
  await writeFile(location, writeManifestList({ formatVersion: 2, manifests, snapshotId: ID, sequenceNumber: 1 }))
  return location
}

const ID = 1n as SnapshotId

async function writeManifest(directory: string, name: string, files: readonly ContentFile[]): Promise<ManifestFile> {
  const writer = new ManifestWriter({
    manifestPath: join(directory, `${name}.avro`),
    formatVersion: 2,
    content: 'data',
    spec: SPEC,
    partitionTypes: [],
    schemaJson: formatExactJson(encodeSchema(SCHEMA)),
    schemaId: 0,
    partitionFieldsJson: '[]',
    snapshotId: ID,
  })
  for (const file of files) writer.add(file)
  const { bytes, manifest } = writer.finish()
  await writeFile(manifest.manifestPath, bytes)
  return assignSequenceNumber(manifest, 1)
}

const NO_METRICS: FileMetrics = {
  columnSizes: new Map(),
  valueCounts: new Map(),
  nullValueCounts: new Map(),
  nanValueCounts: new Map(),
  lowerBounds: new Map(),
  upperBounds: new Map(),
}

function filesOf(name: string, count: number, fileSizeBytes: number, recordCount: number): readonly ContentFile[] {
  return Array.from({ length: count }, (_, at) => ({
    content: 'data' as const,
    filePath: `/nowhere/${name}-${at}.parquet`,
    fileFormat: 'parquet' as const,
    specId: 0,
    partition: [],
    recordCount,
    fileSizeBytes,
    metrics: () => NO_METRICS,
    splitOffsets: [4],
    sortOrderId: 0,
  }))
}

function metadataOf(location: string, table: string, version: number, list: string): TableMetadata {
  const snapshotId = BigInt(version + 1) as SnapshotId
  return {
    formatVersion: 2,
    tableUuid: `00000000-0000-4000-8000-000000${table.slice(1)}`,
    location,
    lastSequenceNumber: 1,
    lastUpdatedMs: 1 as EpochMs,
    lastColumnId: 1,
    schemas: [SCHEMA],
    currentSchemaId: 0,
    partitionSpecs: [SPEC],
    defaultSpecId: 0,
    lastPartitionId: 999,
    sortOrders: [{ orderId: 0, fields: [] }],
    defaultSortOrderId: 0,
    properties: {},
    currentSnapshotId: snapshotId,
    snapshots: [
      {
        snapshotId,
        sequenceNumber: 1,
        timestampMs: 1 as EpochMs,
        manifests: { kind: 'list', location: list },
        operation: 'append',
        summary: {},
        schemaId: 0,
      },
    ],
    snapshotLog: [],
    metadataLog: [],
    refs: { main: { type: 'branch', snapshotId } },
    statistics: [],
    partitionStatistics: [],
    nextRowId: 0n,
    encryptionKeys: [],
  }
}
