import type { Catalog, LoadedTable } from '@moraine/catalogs/catalog'
import type { TableIdentifier } from '@moraine/catalogs/table-identifier'
import type { AddedFile } from '@moraine/iceberg/commit/snapshot-change'
import { stageSnapshot } from '@moraine/iceberg/commit/stage-snapshot'
import { commitStaged } from '@moraine/maintenance/commit/commit-staged'
import type { Clock } from '@moraine/stdx/clock'
import { isKind, MoraineError } from '@moraine/stdx/error'
import { type Random, uuidV7 } from '@moraine/stdx/random'
import type { FileIO } from '@moraine/storage/file-io'
import { contentFile, ORDER_SCHEMA, orderDataFile, orderDeleteFile } from './order-files.ts'
import { type OrderBatch, orderBatch, REGIONS } from './sample-orders.ts'

export const SAMPLE_TABLE: TableIdentifier = { namespace: ['sample'], name: 'orders' }

export type SampleWriterContext = {
  readonly catalog: Catalog
  readonly io: FileIO
  readonly clock: Clock
  readonly random: Random
}

// The sample's files are a thousandth of a real lake's, and so are its sizes; it is optimized when enough files have come
// together, not at the first two.
const SAMPLE_PROPERTIES = {
  'format-version': '2',
  'self-optimizing.target-size': '1048576',
  'self-optimizing.minor.trigger.interval': '-1',
  // Each metadata file names every snapshot so far; without this they would soon outweigh the data.
  'write.metadata.delete-after-commit.enabled': 'true',
  'write.metadata.previous-versions-max': '10',
}

/** Summary entry by which a writer that starts again finds where it stopped. */
const COMMIT_NUMBER = 'sample.commit'

// Snapshots are kept, so the table grows by each commit: ten minutes are shown, after which it goes on slowly.
const QUICK_COMMITS = 600
const QUICK_PAUSE_MS = 1000
const SLOW_PAUSE_MS = 60_000

/**
 * Makes the sample table if it is not there, then commits small files with updates and deletes: every second for the first
 * ten minutes, then every minute.
 */
export async function runSampleWriter(context: SampleWriterContext, signal: AbortSignal): Promise<void> {
  await createSampleTable(context, signal)
  while (!signal.aborted) {
    const commits = await commitBatch(context, signal)
    await context.clock.sleep(commits < QUICK_COMMITS ? QUICK_PAUSE_MS : SLOW_PAUSE_MS, signal)
  }
}

async function createSampleTable({ catalog }: SampleWriterContext, signal: AbortSignal): Promise<void> {
  await ignoreExisting(catalog.createNamespace(SAMPLE_TABLE.namespace, {}, signal))
  const partitionSpec = { fields: [{ sourceIds: [2], name: 'region', transform: { kind: 'identity' } as const }] }
  await ignoreExisting(
    catalog.createTable(SAMPLE_TABLE, { schema: ORDER_SCHEMA, partitionSpec, properties: SAMPLE_PROPERTIES }, signal),
  )
}

async function ignoreExisting(creation: Promise<unknown>): Promise<void> {
  try {
    await creation
  } catch (error) {
    if (!isKind(error, 'already-exists')) throw error
  }
}

/**
 * The optimizer commits to the same table: a conflict is ordinary, and the same files are staged again on top of it.
 *
 * @returns how many commits the writer has made by now
 */
async function commitBatch(context: SampleWriterContext, signal: AbortSignal): Promise<number> {
  let added: readonly AddedFile[] | undefined
  for (let attempt = 1; ; attempt += 1) {
    const table = await context.catalog.loadTable(SAMPLE_TABLE, signal)
    const commit = nextCommit(table)
    added ??= await writeFiles(table, orderBatch(commit, BigInt(context.clock.now()) * 1000n), context, signal)
    const operation = added.some(({ file }) => file.content !== 'data') ? 'overwrite' : 'append'
    const change = { operation, added, removed: [], summary: { [COMMIT_NUMBER]: String(commit) } } as const
    const staged = await stageSnapshot(table.metadata, change, { ...context, attempt, signal })
    const outcome = await commitStaged(SAMPLE_TABLE, staged, { tables: context.catalog, io: context.io, signal })
    if (outcome.kind === 'committed') return commit + 1
    if (outcome.kind === 'unknown')
      throw new MoraineError('unavailable', 'the sample writer does not know whether its commit landed', {
        cause: outcome.cause,
      })
    await context.clock.sleep(20 * attempt, signal)
  }
}

function nextCommit({ metadata }: LoadedTable): number {
  const numbers = metadata.snapshots.map((snapshot) => Number(snapshot.summary[COMMIT_NUMBER] ?? -1))
  return Math.max(-1, ...numbers) + 1
}

/** One data file and, where something is updated or deleted, one equality delete file per region. */
async function writeFiles(
  table: LoadedTable,
  batch: OrderBatch,
  context: SampleWriterContext,
  signal: AbortSignal,
): Promise<readonly AddedFile[]> {
  const added: AddedFile[] = []
  const store = async (
    content: 'data' | 'equality-deletes',
    region: string,
    bytes: Uint8Array,
    orderIds: readonly bigint[],
  ) => {
    const filePath = `${table.metadata.location}/data/region=${region}/${uuidV7(context.random, context.clock.now())}.parquet`
    await context.io.write(filePath, bytes, {}, signal)
    added.push({ file: contentFile(content, { filePath, region, bytes, orderIds }) })
  }
  for (const region of REGIONS) {
    const inRegion = <T extends { readonly region: string }>(rows: readonly T[]) =>
      rows.filter((row) => row.region === region)
    const rows = [...inRegion(batch.inserted), ...inRegion(batch.updated)]
    const gone = [...inRegion(batch.updated), ...inRegion(batch.deleted)].map((row) => row.orderId)
    await store(
      'data',
      region,
      orderDataFile(rows),
      rows.map((row) => row.orderId),
    )
    if (gone.length > 0) await store('equality-deletes', region, orderDeleteFile(gone), gone)
  }
  return added
}
