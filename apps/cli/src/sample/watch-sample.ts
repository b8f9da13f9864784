import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LoadedTable } from '@moraine/catalogs/catalog'
import { formatIdentifier } from '@moraine/catalogs/table-identifier'
import type { Snapshot } from '@moraine/iceberg/metadata/snapshot'
import { PROCESS_MARK } from '@moraine/maintenance/commit/snapshot-marks'
import { DuckDbPool } from '@moraine/rewrite/duckdb/duckdb-pool'
import type { RunningServer } from '@moraine/server/compose'
import { isKind } from '@moraine/stdx/error'
import { humanBytes } from '@moraine/stdx/human-text'
import type { CommandContext } from '../commands/command-context.ts'
import { textTable } from '../text/table-text.ts'
import { type SampleFigures, sampleFigures } from './sample-report.ts'
import { SAMPLE_TABLE } from './sample-writer.ts'

/** The sample table before and after the first optimizing of it; the same rows, proven by their hash. */
export type SampleReport = {
  readonly table: string
  readonly url: string
  readonly before: SampleFigures
  readonly after: SampleFigures
  readonly sameRows: boolean
}

const LOOK_EVERY_MS = 500

/** Waits for the first optimizing of the sample table, measures the table before and after it, and prints both. */
export async function watchSample(
  server: RunningServer,
  context: CommandContext,
  isQuiet: boolean,
): Promise<SampleReport> {
  const { table, optimized } = await firstOptimizing(server, context)
  const parent = optimized.parentSnapshotId
  if (parent === undefined) throw new Error('an optimizing snapshot has no parent')
  const { io } = await server.catalogs(server.catalog.name)
  const workDir = await mkdtemp(join(tmpdir(), 'moraine-sample-'))
  const pool = new DuckDbPool({ clock: context.clock, size: 1 })
  try {
    const scan = { ...context, io, pool, workDir, timeoutMs: 60_000, onProgress: () => {} }
    const before = await sampleFigures(table, parent, scan)
    const after = await sampleFigures(table, optimized.snapshotId, scan)
    const sameRows = before.rows === after.rows && before.rowHash === after.rowHash
    const report = { table: formatIdentifier(SAMPLE_TABLE), url: server.url, before, after, sameRows }
    if (!isQuiet) context.print(reportText(report))
    return report
  } finally {
    await pool.close()
    await rm(workDir, { recursive: true, force: true })
  }
}

async function firstOptimizing(
  server: RunningServer,
  context: CommandContext,
): Promise<{ readonly table: LoadedTable; readonly optimized: Snapshot }> {
  for (;;) {
    const table = await loadIfThere(server, context.signal)
    const optimized = table?.metadata.snapshots.find((snapshot) => snapshot.summary[PROCESS_MARK] !== undefined)
    if (table !== undefined && optimized !== undefined) return { table, optimized }
    await context.clock.sleep(LOOK_EVERY_MS, context.signal)
  }
}

async function loadIfThere(server: RunningServer, signal: AbortSignal): Promise<LoadedTable | undefined> {
  try {
    return await server.catalog.loadTable(SAMPLE_TABLE, signal)
  } catch (error) {
    if (isKind(error, 'not-found')) return undefined
    throw error
  }
}

function reportText({ table, url, before, after, sameRows }: SampleReport): string {
  const rows = textTable(
    [table, 'before', 'after'],
    [
      ['data files', before.dataFiles, after.dataFiles],
      ['delete files', before.deleteFiles, after.deleteFiles],
      ['bytes', humanBytes(before.bytes), humanBytes(after.bytes)],
      ['health score', before.healthScore, after.healthScore],
      ['rows', before.rows, after.rows],
      ['full scan', `${before.scanMs} ms`, `${after.scanMs} ms`],
    ],
  )
  return `${rows}\nrows before and after are ${sameRows ? 'the same' : 'NOT THE SAME'}; see ${url}/api/ams/v1/moraine/tables\n`
}
