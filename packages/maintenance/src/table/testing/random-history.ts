import type { AddedFile } from '@moraine/iceberg/commit/snapshot-change'
import { type ContentFile, EMPTY_METRICS, type FileMetrics } from '@moraine/iceberg/manifest/content-file'
import type { ManifestEntry } from '@moraine/iceberg/manifest/manifest-entry'
import type { FormatVersion, TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { DELETE_FILE_PATH_FIELD_ID } from '@moraine/iceberg/schema/reserved-field-ids'
import type { EpochMs } from '@moraine/stdx/brand'
import fc from 'fast-check'

const MIB = 1024 * 1024

/** One change of a commit; numbers pick among what is live, modulo its number. */
export type HistoryStep =
  | { readonly kind: 'data'; readonly p: number; readonly size: number; readonly low: number; readonly nulls: boolean }
  | { readonly kind: 'equality'; readonly p: number | 'all'; readonly low: number; readonly hasBounds: boolean }
  | { readonly kind: 'positions'; readonly picks: readonly number[]; readonly form: 'referenced' | 'bounds' | 'bare' }
  | { readonly kind: 'covering'; readonly pick: number }
  | { readonly kind: 'remove-data'; readonly pick: number }
  | { readonly kind: 'remove-delete'; readonly pick: number }

export type Commit = { readonly steps: readonly HistoryStep[]; readonly merges: boolean }

const p = fc.integer({ min: 0, max: 2 })
const low = fc.integer({ min: 0, max: 30 })
const pick = fc.nat(50)

const step: fc.Arbitrary<HistoryStep> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('data'),
      p,
      size: fc.integer({ min: 1, max: 160 * MIB }),
      low,
      nulls: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('equality'),
      p: fc.oneof(p, fc.constant('all' as const)),
      low,
      hasBounds: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('positions'),
      picks: fc.array(pick, { minLength: 1, maxLength: 3 }),
      form: fc.constantFrom('referenced', 'bounds', 'bare'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('covering'), pick }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('remove-data'), pick }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('remove-delete'), pick }) },
)

export const arbitraryHistory: fc.Arbitrary<readonly Commit[]> = fc.array(
  fc.record({ steps: fc.array(step, { minLength: 1, maxLength: 6 }), merges: fc.boolean() }),
  { minLength: 1, maxLength: 6 },
)

/** What a commit does to a table whose live files are known. `name` starts the names of its files. */
export function changeOf(
  commit: Commit,
  live: { readonly data: readonly ManifestEntry[]; readonly deletes: readonly ManifestEntry[] },
  formatVersion: FormatVersion,
  name: string,
): { readonly added: readonly AddedFile[]; readonly removed: readonly ContentFile[] } {
  const added: AddedFile[] = []
  const removed = new Set<ContentFile>()
  for (const [at, each] of commit.steps.entries()) {
    const path = `/t/data/${name}-${at}`
    const [target] = each.kind === 'data' || each.kind === 'equality' ? [] : picked(live.data, each)
    if (each.kind === 'data') added.push({ file: dataFile(each, path) })
    else if (each.kind === 'equality') added.push({ file: equalityDelete(each, path) })
    else if (each.kind === 'remove-delete') for (const { file } of picked(live.deletes, each)) removed.add(file)
    else if (target === undefined) continue
    else if (each.kind === 'remove-data') removed.add(target.file)
    else if (each.kind === 'covering') added.push({ file: covering(target.file, formatVersion, path) })
    else added.push({ file: positionDelete(picked(live.data, each), each.form, path) })
  }
  return { added, removed: [...removed] }
}

function picked(entries: readonly ManifestEntry[], each: object): readonly ManifestEntry[] {
  const picks = 'picks' in each ? (each.picks as readonly number[]) : 'pick' in each ? [each.pick as number] : []
  return picks.flatMap((index) => entries[index % Math.max(1, entries.length)] ?? [])
}

function dataFile({ p: value, size, low: from, nulls }: HistoryStep & { kind: 'data' }, path: string): ContentFile {
  return {
    content: 'data',
    filePath: `${path}.parquet`,
    fileFormat: 'parquet',
    specId: 0,
    partition: [BigInt(value)],
    recordCount: 1 + (size % 1000),
    fileSizeBytes: size,
    metrics: () => metricsOf(from, nulls ? 1 : 0),
    splitOffsets: [4, 5],
    sortOrderId: 0,
  }
}

function equalityDelete(each: HistoryStep & { kind: 'equality' }, path: string): ContentFile {
  return {
    content: 'equality-deletes',
    filePath: `${path}-equality.parquet`,
    fileFormat: 'parquet',
    ...(each.p === 'all' ? { specId: 1, partition: [] } : { specId: 0, partition: [BigInt(each.p)] }),
    recordCount: 3,
    fileSizeBytes: 300,
    metrics: () => (each.hasBounds ? metricsOf(each.low, 0) : EMPTY_METRICS),
    equalityIds: [1],
  }
}

function positionDelete(
  targets: readonly ManifestEntry[],
  form: 'referenced' | 'bounds' | 'bare',
  path: string,
): ContentFile {
  const [first] = targets
  const paths = targets.map(({ file }) => file.filePath).sort()
  const bound = (text: string | undefined) => new Map([[DELETE_FILE_PATH_FIELD_ID, Buffer.from(text ?? '')]])
  return {
    content: 'position-deletes',
    filePath: `${path}-positions.parquet`,
    fileFormat: 'parquet',
    specId: 0,
    partition: first?.file.partition ?? [],
    recordCount: 5,
    fileSizeBytes: 500,
    metrics: () =>
      form === 'bounds'
        ? { ...EMPTY_METRICS, lowerBounds: bound(paths[0]), upperBounds: bound(paths.at(-1)) }
        : EMPTY_METRICS,
    ...(form === 'referenced' && first !== undefined && { referencedDataFile: first.file.filePath }),
  }
}

/** What optimizing makes of a file's deletes: its own delete file, or a vector. */
function covering({ filePath, partition }: ContentFile, formatVersion: FormatVersion, path: string): ContentFile {
  const common = {
    content: 'position-deletes',
    specId: 0,
    partition,
    recordCount: 4,
    fileSizeBytes: 400,
    metrics: () => EMPTY_METRICS,
    referencedDataFile: filePath,
  } as const
  if (formatVersion < 3) {
    return {
      ...common,
      fileFormat: 'parquet',
      filePath: `${filePath.replace('.parquet', '')}-delete-${path.slice(8)}.parquet`,
    }
  }
  return { ...common, fileFormat: 'puffin', filePath: `${path}.puffin`, contentOffset: 4, contentSizeBytes: 40 }
}

function metricsOf(from: number, nulls: number): FileMetrics {
  return {
    ...EMPTY_METRICS,
    valueCounts: new Map([[1, 10]]),
    nullValueCounts: new Map([[1, nulls]]),
    lowerBounds: new Map([[1, longBytes(from)]]),
    upperBounds: new Map([[1, longBytes(from + 5)]]),
  }
}

function longBytes(value: number): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigInt64(0, BigInt(value), true)
  return bytes
}

/** A table without snapshots, partitioned by column 2, with an unpartitioned spec for deletes of all partitions. */
export function emptyTable(formatVersion: FormatVersion): TableMetadata {
  return {
    formatVersion,
    tableUuid: '00000000-0000-4000-8000-000000000000',
    location: '/t',
    lastSequenceNumber: 0,
    lastUpdatedMs: 1 as EpochMs,
    lastColumnId: 2,
    schemas: [
      {
        schemaId: 0,
        fields: ['id', 'p'].map((name, at) => ({ id: at + 1, name, required: false, type: { kind: 'long' } })),
        identifierFieldIds: [],
      },
    ],
    currentSchemaId: 0,
    partitionSpecs: [
      { specId: 0, fields: [{ fieldId: 1000, sourceIds: [2], name: 'p', transform: { kind: 'identity' } }] },
      { specId: 1, fields: [] },
    ],
    defaultSpecId: 0,
    lastPartitionId: 1000,
    sortOrders: [{ orderId: 0, fields: [] }],
    defaultSortOrderId: 0,
    properties: {},
    snapshots: [],
    snapshotLog: [],
    metadataLog: [],
    refs: {},
    statistics: [],
    partitionStatistics: [],
    nextRowId: 0n,
    encryptionKeys: [],
  }
}
