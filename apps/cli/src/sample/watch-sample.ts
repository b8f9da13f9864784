import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Catalog, LoadedTable } from '@moraine/catalogs/catalog'
import { formatIdentifier } from '@moraine/catalogs/table-identifier'
import type { Snapshot } from '@moraine/iceberg/metadata/snapshot'
import { PROCESS_MARK } from '@moraine/maintenance/commit/snapshot-marks'
import { DuckDbPool } from '@moraine/rewrite/duckdb/duckdb-pool'
import type { RunningServer } from '@moraine/server/compose'
import type { EpochMs } from '@moraine/stdx/brand'
import { isKind } from '@moraine/stdx/error'
import { counted } from '@moraine/stdx/human-text'
import type { CommandContext } from '../commands/command-context.ts'
import { sampleFigures } from './sample-report.ts'
import type { SampleReport } from './sample-report-text.ts'
import { SAMPLE_TABLE } from './sample-writer.ts'

const LOOK_EVERY_MS = 500
const SAMPLE_NAME = formatIdentifier(SAMPLE_TABLE)

/** A service with a catalog of its own. */
export type SampleServer = RunningServer & { readonly catalog: Catalog }

/** What is waited for, for whoever loses patience. */
export type SampleProgress = { waitsFor: string }

/**
 * Waits for the first optimizing of the sample table that is committed from `startedAt` on, and measures the table before
 * and after it.
 */
export async function watchSample(
  server: SampleServer,
  startedAt: EpochMs,
  context: CommandContext,
  progress: SampleProgress,
): Promise<SampleReport> {
  const { table, optimized } = await firstOptimizing(server, startedAt, context, progress)
  const parent = optimized.parentSnapshotId
  if (parent === undefined) throw new Error('an optimizing snapshot has no parent')
  progress.waitsFor = `scans of ${SAMPLE_NAME} before and after its optimizing`
  const { io } = await server.catalogs(server.catalog.name)
  const workDir = await mkdtemp(join(tmpdir(), 'moraine-sample-'))
  const pool = new DuckDbPool({ clock: context.clock, size: 1 })
  try {
    const scan = { ...context, io, pool, workDir, timeoutMs: 60_000, onProgress: () => {} }
    const before = await sampleFigures(table, parent, scan)
    const after = await sampleFigures(table, optimized.snapshotId, scan)
    const sameRows = before.rows === after.rows && before.rowHash === after.rowHash
    return { table: SAMPLE_NAME, url: server.url, before, after, sameRows }
  } finally {
    await pool.close()
    await rm(workDir, { recursive: true, force: true })
  }
}

/** In a sentence, what an earlier start has left; `undefined` if it is the first one. */
export async function describeSample(
  server: SampleServer,
  startedAt: EpochMs,
  signal: AbortSignal,
): Promise<string | undefined> {
  const table = await loadIfThere(server, signal)
  const earlier = table?.metadata.snapshots.filter(({ timestampMs }) => timestampMs < startedAt) ?? []
  if (table === undefined || earlier.length === 0) return undefined
  const optimizings = earlier.filter(isOptimizing).length
  const commits = earlier.length - optimizings
  return `${SAMPLE_NAME} is there from an earlier start, with ${counted(commits, 'commit')}, optimized ${counted(optimizings, 'time')}; it is written on, and shown after its next optimizing`
}

async function firstOptimizing(
  server: SampleServer,
  startedAt: EpochMs,
  context: CommandContext,
  progress: SampleProgress,
): Promise<{ readonly table: LoadedTable; readonly optimized: Snapshot }> {
  for (;;) {
    const table = await loadIfThere(server, context.signal)
    const since = table?.metadata.snapshots.filter(({ timestampMs }) => timestampMs >= startedAt) ?? []
    const optimized = since.find(isOptimizing)
    if (table !== undefined && optimized !== undefined) return { table, optimized }
    progress.waitsFor = `an optimizing of ${SAMPLE_NAME} (${counted(since.length, 'commit')} to it since the start)`
    await context.clock.sleep(LOOK_EVERY_MS, context.signal)
  }
}

function isOptimizing({ summary }: Snapshot): boolean {
  return summary[PROCESS_MARK] !== undefined
}

async function loadIfThere(server: SampleServer, signal: AbortSignal): Promise<LoadedTable | undefined> {
  try {
    return await server.catalog.loadTable(SAMPLE_TABLE, signal)
  } catch (error) {
    if (isKind(error, 'not-found')) return undefined
    throw error
  }
}
