import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { type JdbcCatalog, openJdbcCatalog } from '@moraine/catalogs/jdbc/jdbc-catalog'
import type { TableIdentifier } from '@moraine/catalogs/table-identifier'
import { runPlan } from '@moraine/cli/optimize/optimize-table'
import type { RequestedType } from '@moraine/maintenance/plan/evaluate-partition'
import { planTable } from '@moraine/maintenance/table/plan-table'
import { readTable } from '@moraine/maintenance/table/read-table'
import type { DuckDbPool } from '@moraine/rewrite/duckdb/duckdb-pool'
import { systemClock } from '@moraine/stdx/clock'
import { isKind } from '@moraine/stdx/error'
import { systemRandom } from '@moraine/stdx/random'
import { localFileIO } from '@moraine/storage/local-file-io'
import { EXIT_UNAVAILABLE, type Started } from '../lab/json-lines-worker.ts'

const io = localFileIO(systemRandom)

/** Where one catalog is, for each of those who share it. */
export type LakeProperties = {
  readonly moraine: Readonly<Record<string, string>>
  readonly spark: Readonly<Record<string, string>>
  readonly pyiceberg: Readonly<Record<string, string>>
}

/** A catalog as users open it; what it leaves behind fails the test. */
export function openLake(name: string, properties: Readonly<Record<string, string>>): Promise<JdbcCatalog> {
  return openJdbcCatalog({
    name,
    properties,
    io,
    clock: systemClock,
    random: systemRandom,
    onLeftover(error, what) {
      throw new Error(`${what.join(', ')} was left behind`, { cause: error })
    },
  })
}

/** What engines that are started later need to reach the databases. */
export function provideDrivers(): Started<undefined> {
  const script = fileURLToPath(new URL('drivers.sh', import.meta.url))
  const { status, stdout, stderr } = spawnSync(script, { encoding: 'utf8' })
  if (status === EXIT_UNAVAILABLE) return { kind: 'unavailable', why: stderr.trim().split('\n').at(-1) ?? 'no drivers' }
  assert.equal(status, 0, stderr)
  const { classPath = '', pythonPath = '' } = JSON.parse(stdout) as Readonly<Record<string, string>>
  process.env['SPARK_DIST_CLASSPATH'] = classPath
  process.env['PYTHONPATH'] = pythonPath
  return { kind: 'started', engine: undefined }
}

export type LakeOptimizing = {
  readonly outcome: 'committed' | 'nothing' | 'gave up'
  readonly failures: readonly string[]
}

/** One optimizing of a table, as the command makes it. */
export async function optimizeInLake(
  catalog: JdbcCatalog,
  identifier: TableIdentifier,
  type: RequestedType,
  { pool, workDir, signal }: { readonly pool: DuckDbPool; readonly workDir: string; readonly signal: AbortSignal },
): Promise<LakeOptimizing> {
  const state = await readTable(io, await catalog.loadTable(identifier, signal), signal)
  const plan = await planTable(io, state, { type, now: systemClock.now() }, signal)
  if (plan === undefined || plan.groups.length === 0) return { outcome: 'nothing', failures: [] }
  const table = { name: identifier.name, identifier, store: catalog, io, storage: {} }
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
