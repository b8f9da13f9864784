import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { PROCESS_MARK } from '@moraine/maintenance/commit/snapshot-marks'
import { byDepth } from '../lab/depth.ts'
import { type MoraineService, type ServiceTable, untilAnswered } from '../lab/moraine.ts'
import { assertHistory, type HistoricSnapshot } from '../optimize/assert-history.ts'
import type { LedgeredWriter } from '../optimize/ledgered-writer.ts'
import { loadTableAt, type RestPlace } from './rest-table.ts'

const COMMITS_MIN = byDepth({ usual: 6, all: 10 })
const REWRITES_MIN = 2
/** A client that is faster waits for the next rewrite: it takes long to read all of many snapshots. */
const COMMITS_PER_REWRITE = 6
// The second where a catalog shows no more of a table's history than its current snapshot.
const CONFLICT = /meanwhile|no longer part of the table's history|during each of \d+ attempts to commit/

/** A catalog of the service, and where it is without the service. */
export type WrittenCatalog = { readonly catalog: string; readonly place: RestPlace }

/**
 * Has a client write to a table of a catalog (`lake` unless told), in one namespace level, while the service optimizes it,
 * until both have committed often enough. Fails unless each snapshot, as `read` reads it, then holds what the client's
 * ledger says.
 */
export async function writeBesideOptimizing(
  context: TestContext,
  service: MoraineService,
  [namespace, name]: readonly [string, string],
  writer: LedgeredWriter,
  read: (snapshotId: bigint) => Promise<readonly string[]>,
  { catalog, place }: WrittenCatalog = { catalog: 'lake', place: { url: `${service.url}/iceberg/v1/catalogs/lake` } },
): Promise<void> {
  const table = { catalog, db: namespace, table: name }
  const { failed } = await writeUntilOptimized(context, service, table, writer)
  const { snapshots } = await loadTableAt(place, namespace, name)
  const processes = new Set((await service.listProcesses(table)).map(({ processId }) => processId))
  const foreign = rewritersOf(snapshots).filter((processId) => !processes.has(processId))
  assert.deepEqual(foreign, [], 'no other service optimizes it')
  const ours = await assertHistory(snapshots, writer, read)
  assert.ok(ours >= REWRITES_MIN, `${ours} rewrites`)
  context.diagnostic(
    `${writer.states.length - 1} commits and ${writer.conflicts()} conflicts of the client, ${ours} rewrites and ${failed} conflicts of Moraine`,
  )
}

/** The processes, of whichever service, that made snapshots. */
function rewritersOf(snapshots: readonly HistoricSnapshot[]): readonly string[] {
  return snapshots.flatMap(({ summary }) => summary[PROCESS_MARK] ?? [])
}

/**
 * Has a client write to a table while the service optimizes it, until both have committed often enough. How many processes
 * of the service succeeded and failed, of which none may have failed but for the client's commits.
 */
export async function writeUntilOptimized(
  context: TestContext,
  service: MoraineService,
  table: ServiceTable,
  writer: LedgeredWriter,
): Promise<{ readonly rewrites: number; readonly failed: number }> {
  const patience = AbortSignal.timeout(PATIENCE_MS)
  const signal = AbortSignal.any([context.signal, patience])
  try {
    return await writeAndOptimize(signal, service, table, writer)
  } catch (cause) {
    if (!patience.aborted) throw cause
    throw new Error(`it was not optimized often enough in time:\n${await service.describe(table)}`, { cause })
  }
}

/** Less than any suite gives a test, which could only say that time was up. */
const PATIENCE_MS = 150_000

async function writeAndOptimize(
  signal: AbortSignal,
  service: MoraineService,
  table: ServiceTable,
  writer: LedgeredWriter,
): Promise<{ readonly rewrites: number; readonly failed: number }> {
  let rewrites = 0
  let enough = false
  await Promise.all([
    (async () => {
      while (!enough) {
        const seen = rewrites
        for (let at = 0; at < COMMITS_PER_REWRITE && !enough; at += 1) await writer.step(signal)
        await untilAnswered(async () => rewrites > seen || enough || undefined, signal)
      }
    })(),
    untilAnswered(async () => {
      await service.requestOptimizing(table, 'full')
      rewrites = (await service.listProcesses(table)).filter(({ state }) => state.status === 'succeeded').length
      return (writer.states.length > COMMITS_MIN && rewrites >= REWRITES_MIN) || undefined
    }, signal).finally(() => {
      enough = true
    }),
  ])
  const processes = await untilAnswered(() => service.findSettled(table), signal)
  const failed = processes.filter(({ state }) => state.status !== 'succeeded')
  for (const { failReason } of failed) assert.match(failReason ?? '', CONFLICT)
  return { rewrites: processes.length - failed.length, failed: failed.length }
}
