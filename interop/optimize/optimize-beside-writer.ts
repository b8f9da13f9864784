import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { Catalog } from '@moraine/catalogs/catalog'
import type { TableIdentifier } from '@moraine/catalogs/table-identifier'
import type { Spark } from '../lab/spark.ts'
import { assertHistory } from './assert-history.ts'
import type { LedgeredWriter } from './ledgered-writer.ts'
import { type CatalogRun, type OptimizedCatalog, optimizeInCatalog } from './optimize-in-catalog.ts'

const CONFLICT = /was removed from the table meanwhile|deletes rows of .* meanwhile/

/**
 * Optimizes a table again and again while Spark writes to it, until both have committed often enough. Fails unless each
 * snapshot, as Spark reads it, then holds what the ledger held.
 *
 * @param name the table's name to Spark
 */
export async function optimizeBesideWriter(
  context: TestContext,
  lake: OptimizedCatalog & { readonly catalog: Catalog },
  identifier: TableIdentifier,
  spark: { readonly engine: Spark; readonly name: string; readonly writer: LedgeredWriter },
  { commits, rewrites: rewritesMin }: { readonly commits: number; readonly rewrites: number },
): Promise<void> {
  const { signal } = context
  const { engine, name, writer } = spark
  for (let at = 0; at < 4; at += 1) await writer.step(signal)
  const runs: CatalogRun[] = []
  const rewrites = () => runs.filter(({ outcome }) => outcome === 'committed').length
  const isEnough = () => writer.states.length > commits && rewrites() >= rewritesMin
  await Promise.all([
    (async () => {
      while (!isEnough()) await writer.step(signal)
    })(),
    (async () => {
      const types = ['full', 'minor', 'auto', 'major'] as const
      while (!isEnough()) {
        runs.push(await optimizeInCatalog(lake, identifier, types[runs.length % types.length] ?? 'full', signal))
      }
    })(),
  ])
  const failures = runs.flatMap((run) => run.failures)
  for (const reason of failures) assert.match(reason, CONFLICT)
  // Alone at last.
  const last = await optimizeInCatalog(lake, identifier, 'full', signal)
  assert.deepEqual(last.failures, [])
  runs.push(last)
  const { snapshots } = (await lake.catalog.loadTable(identifier)).metadata
  const ours = await assertHistory(snapshots, writer, (snapshotId) => engine.readRows({ table: name, snapshotId }))
  assert.equal(ours, rewrites())
  assert.deepEqual(await engine.readRows({ table: name }), writer.states.at(-1))
  context.diagnostic(
    `${writer.states.length - 1} commits and ${writer.conflicts()} conflicts of Spark, ${runs.length} runs, ${ours} rewrites and ${failures.length} conflicting groups of Moraine`,
  )
}
