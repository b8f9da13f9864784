import assert from 'node:assert/strict'
import type { CatalogTables } from '@moraine/catalogs/catalog'
import type { TableIdentifier } from '@moraine/catalogs/table-identifier'
import { runPlan } from '@moraine/cli/optimize/optimize-table'
import type { RequestedType } from '@moraine/maintenance/plan/evaluate-partition'
import { planTable } from '@moraine/maintenance/table/plan-table'
import { readTable } from '@moraine/maintenance/table/read-table'
import type { DuckDbPool } from '@moraine/rewrite/duckdb/duckdb-pool'
import { systemClock } from '@moraine/stdx/clock'
import { isKind } from '@moraine/stdx/error'
import { systemRandom } from '@moraine/stdx/random'
import type { FileIO } from '@moraine/storage/file-io'
import type { StorageSettings } from '@moraine/storage/settings'

/** Tables of a catalog, their files, and what rewrites them. */
export type OptimizedCatalog = {
  readonly catalog: CatalogTables
  readonly io: FileIO
  readonly settings: StorageSettings
  readonly pool: DuckDbPool
  readonly workDir: string
}

export type CatalogRun = {
  /** `gave up`: others committed at each of many attempts. */
  readonly outcome: 'committed' | 'nothing' | 'gave up'
  /** Why groups that were rewritten are not in the table. */
  readonly failures: readonly string[]
}

/** One optimizing of a table, as the command makes it. */
export async function optimizeInCatalog(
  { catalog, io, settings, pool, workDir }: OptimizedCatalog,
  identifier: TableIdentifier,
  type: RequestedType,
  signal: AbortSignal,
): Promise<CatalogRun> {
  const state = await readTable(io, await catalog.loadTable(identifier, signal), signal)
  const plan = await planTable(io, state, { type, now: systemClock.now() }, signal)
  if (plan === undefined || plan.groups.length === 0) return { outcome: 'nothing', failures: [] }
  const table = { name: identifier.name, identifier, store: catalog, io, storage: settings }
  const context = { clock: systemClock, random: systemRandom, pool, workDir, threads: 2, timeoutMs: 120_000, signal }
  try {
    const { commit, failures } = await runPlan(table, plan, { ...context, onGroup: () => {} })
    assert.notEqual(commit.kind, 'unknown')
    const outcome = commit.kind === 'committed' ? 'committed' : 'nothing'
    return { outcome, failures: failures.map(({ reason }) => reason) }
  } catch (error) {
    if (!isKind(error, 'conflict')) throw error
    return { outcome: 'gave up', failures: [] }
  }
}
