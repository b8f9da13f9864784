import { mapBounded } from '@moraine/stdx/bounded'
import { MoraineError } from '@moraine/stdx/error'
import type { FileIO } from '@moraine/storage/file-io'
import { mayMatchFile, mustMatchFile } from '../expression/evaluate-metrics.ts'
import { matchesPartition } from '../expression/evaluate-partition.ts'
import { type BoundExpression, FALSE, TRUE } from '../expression/expression.ts'
import { columnFilter, type ScanFilter, scanResidual } from '../expression/scan-filter.ts'
import type { EntryCursor } from '../manifest/entry-cursor.ts'
import type { ManifestEntry } from '../manifest/manifest-entry.ts'
import type { ManifestFile } from '../manifest/manifest-file.ts'
import { entryAt } from '../manifest/manifest-reader.ts'
import type { TableMetadata } from '../metadata/table-metadata.ts'
import type { PartitionTuple } from '../partition/partition-spec.ts'
import { indexSchema } from '../schema/schema-index.ts'
import { isPrimitive } from '../schema/type.ts'
import { DeleteIndex, type ScanTask } from './delete-index.ts'
import type { EqualityBounds } from './equality-overlap.ts'
import { MANIFESTS_AT_A_TIME, readManifest } from './read-manifests.ts'
import type { ScanRange } from './scan-range.ts'
import type { OpenScan, ScanSection } from './scan-sections.ts'
import { visitLiveEntries } from './visit-live-entries.ts'

/** A file that may hold rows of the scan: what deletes of it, and what of the filter its rows are still to be tested by. */
export type PlannedFile = ScanTask & { readonly residual: ScanFilter }

/**
 * The files of a part of a scan that may hold rows which satisfy the filter, by partition and by metrics, in the order of
 * the manifests. Memory is bounded by the part's matching files, the deletes of the matching partitions and a few
 * manifests.
 *
 * @param enoughRows the plan may end once this many rows are certain to be in it: files without deletes and without a
 *   residual filter count
 * @param keptMax how many deletes there may be, and files of a manifest whose counts are not known
 * @throws {MoraineError} `unsupported` if there are more
 */
export async function planFiles(
  io: FileIO,
  open: OpenScan,
  range: ScanRange,
  options: {
    readonly enoughRows?: bigint | undefined
    readonly keptMax?: number
    readonly signal?: AbortSignal | undefined
  } = {},
): Promise<readonly PlannedFile[]> {
  const sections = open.sections.filter(({ isNeeded, from, to }) => isNeeded && from < range.to && to > range.from)
  const { keptMax = KEPT_MAX } = options
  const deletes = await loadDeletes(io, open, sections, keptMax, options.signal)
  const wanted = { range, match: matcherOf(open), keptMax }
  const planned: PlannedFile[] = []
  let rows = 0n
  for (let at = 0; at < sections.length; at += MANIFESTS_AT_A_TIME) {
    const found = await mapBounded(
      sections.slice(at, at + MANIFESTS_AT_A_TIME),
      MANIFESTS_AT_A_TIME,
      (section, inner) => matchingFiles(io, open, section, wanted, inner),
      options.signal,
    )
    for (const { data, residual } of found.flat()) {
      const file = { data, residual, deletes: deletes.deletesFor(data) }
      planned.push(file)
      if (file.deletes.length === 0 && residual.op === 'true') rows += BigInt(data.file.recordCount)
      if (options.enoughRows !== undefined && rows >= options.enoughRows) return planned
    }
  }
  return planned
}

type Matched = { readonly data: ManifestEntry; readonly residual: ScanFilter }
/** The residual filter for the file at the cursor; `undefined` if none of its rows can match. */
type Matcher = (cursor: EntryCursor) => ScanFilter | undefined
/** What is to be found in the manifests. */
type Wanted = {
  readonly range: ScanRange
  readonly match: (specId: number) => Matcher
  readonly keptMax: number
}

async function matchingFiles(
  io: FileIO,
  { scan }: OpenScan,
  section: ScanSection,
  { range, match, keptMax }: Wanted,
  signal: AbortSignal,
): Promise<readonly Matched[]> {
  const { manifest, addedBy, from, to } = section
  // A manifest whose counts are not known is one entry to the range, and is read whole.
  const [first, end] = to - from > 1 ? [range.from - from, range.to - from] : [0, Number.POSITIVE_INFINITY]
  const residualOf = match(manifest.partitionSpecId)
  const found: Matched[] = []
  await visitLiveEntries(await readManifest(io, scan.metadata, manifest, signal), (cursor) => {
    if (cursor.ordinal < first || cursor.ordinal >= end) return
    if (addedBy !== undefined && (cursor.status !== 'added' || cursor.snapshotId !== addedBy)) return
    const residual = residualOf(cursor)
    if (residual === undefined) return
    if (found.length === keptMax && end === Number.POSITIVE_INFINITY) throw tooMany(manifest, 'files', keptMax)
    found.push({ data: entryAt(cursor), residual })
  })
  return found
}

/** Of files at one time, and of deletes: each takes up to a kilobyte, and a manifest of megabytes may hold millions. */
const KEPT_MAX = 500_000

function tooMany({ manifestPath }: ManifestFile, what: 'files' | 'deletes', keptMax: number): MoraineError {
  return new MoraineError(
    'unsupported',
    `manifest ${manifestPath} brings the ${what} that may match to more than ${keptMax}: too many to be planned here at one time; ${
      what === 'files'
        ? 'rewrite its manifests, so that the manifest list says how many files they have'
        : 'have the table optimized'
    }, or plan in the client (scan-planning-mode=client)`,
  )
}

function matcherOf({ scan, partitionsOf }: OpenScan): (specId: number) => Matcher {
  const { filter, metadata } = scan
  const specs = new Map(metadata.partitionSpecs.map((spec) => [spec.specId, spec]))
  return (specId) => {
    const spec = specs.get(specId)
    // A spec that the table does not have is reported when the manifest is opened.
    if (filter.op === 'true' || spec === undefined) return () => filter
    const partitions = partitionsOf(specId)
    const testOf = rememberingLast((partition) =>
      matchesPartition(partitions, partition) ? restOf(scanResidual(filter, spec, partition)) : NONE,
    )
    return (cursor) => byMetrics(cursor, testOf(cursor.partition()))
  }
}

/** What is left to test in a partition, of rows and of whole files. */
type Rest = { readonly residual: ScanFilter; readonly may: BoundExpression; readonly must: BoundExpression }

const NONE: Rest = { residual: FALSE, may: FALSE, must: FALSE }

function restOf(residual: ScanFilter): Rest {
  return { residual, may: columnFilter(residual, TRUE), must: columnFilter(residual, FALSE) }
}

function byMetrics(cursor: EntryCursor, { residual, may, must }: Rest): ScanFilter | undefined {
  if (residual.op === 'true') return residual
  if (residual.op === 'false') return undefined
  const metrics = cursor.metrics()
  const file = { recordCount: cursor.recordCount, metrics: () => metrics }
  if (!mayMatchFile(may, file)) return undefined
  return mustMatchFile(must, file) ? TRUE : residual
}

// Files of one partition mostly stand together, and share their tuple then.
function rememberingLast(restIn: (partition: PartitionTuple) => Rest): (partition: PartitionTuple) => Rest {
  let last: { readonly partition: PartitionTuple; readonly rest: Rest } | undefined
  return (partition) => {
    if (last?.partition !== partition) last = { partition, rest: restIn(partition) }
    return last.rest
  }
}

async function loadDeletes(
  io: FileIO,
  { scan, deleteManifests, partitionsOf }: OpenScan,
  sections: readonly ScanSection[],
  keptMax: number,
  signal: AbortSignal | undefined,
): Promise<DeleteIndex> {
  const { metadata } = scan
  // Deletes older than all of the data delete nothing of it; an entry is never younger than its manifest.
  const oldest = sections.reduce((least, { manifest }) => Math.min(least, manifest.minSequenceNumber), Number.MAX_VALUE)
  const manifests = deleteManifests.filter(({ sequenceNumber }) => sequenceNumber >= oldest)
  let kept = 0
  const entries = await mapBounded(
    manifests,
    MANIFESTS_AT_A_TIME,
    async (manifest: ManifestFile, inner) => {
      const partitions = partitionsOf(manifest.partitionSpecId)
      const found: ManifestEntry[] = []
      await visitLiveEntries(await readManifest(io, metadata, manifest, inner), (cursor) => {
        if (!matchesPartition(partitions, cursor.partition())) return
        kept += 1
        if (kept > keptMax) throw tooMany(manifest, 'deletes', keptMax)
        found.push(entryAt(cursor))
      })
      return found
    },
    signal,
  )
  const specs = new Map(metadata.partitionSpecs.map((spec) => [spec.specId, spec]))
  return new DeleteIndex(entries.flat(), specs, equalityBounds(metadata))
}

/** The widest type a column has had: types only widen, and the schema added last has the latest. */
function equalityBounds({ schemas }: TableMetadata): EqualityBounds {
  const newestFirst = schemas.toReversed()
  return (fieldId) => {
    for (const schema of newestFirst) {
      const type = indexSchema(schema).fieldsById.get(fieldId)?.field.type
      if (type !== undefined) return isPrimitive(type) ? type : undefined
    }
    return undefined
  }
}
