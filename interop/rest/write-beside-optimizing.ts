import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { type MoraineService, untilAnswered } from '../lab/moraine.ts'
import { assertHistory } from '../optimize/assert-history.ts'
import type { LedgeredWriter } from '../optimize/ledgered-writer.ts'
import { loadRestTable } from './rest-table.ts'

const COMMITS_MIN = 8
const REWRITES_MIN = 2
const CONFLICT = /meanwhile|during each of \d+ attempts to commit/

/**
 * Has a client write to a table of the catalog `lake`, in one namespace level, while the service optimizes it, until both
 * have committed often enough. Fails unless each snapshot, as `read` reads it, then holds what the client's ledger says.
 */
export async function writeBesideOptimizing(
  context: TestContext,
  service: MoraineService,
  [namespace, name]: readonly [string, string],
  writer: LedgeredWriter,
  read: (snapshotId: bigint) => Promise<readonly string[]>,
): Promise<void> {
  const { signal } = context
  const table = { catalog: 'lake', db: namespace, table: name }
  const rewrites = async () =>
    (await service.listProcesses(table)).filter(({ state }) => state.status === 'succeeded').length
  let enough = false
  await Promise.all([
    (async () => {
      while (!enough) await writer.step(signal)
    })(),
    untilAnswered(async () => {
      await service.requestOptimizing(table, 'full')
      return (writer.states.length > COMMITS_MIN && (await rewrites()) >= REWRITES_MIN) || undefined
    }, signal).finally(() => {
      enough = true
    }),
  ])
  const processes = await untilAnswered(() => service.findSettled(table), signal)
  const failed = processes.filter(({ state }) => state.status !== 'succeeded')
  for (const { failReason } of failed) assert.match(failReason ?? '', CONFLICT)
  const { snapshots } = await loadRestTable(service.url, namespace, name)
  const ours = await assertHistory(snapshots, writer.states, read)
  assert.ok(ours >= REWRITES_MIN, `${ours} rewrites`)
  context.diagnostic(
    `${writer.states.length - 1} commits and ${writer.conflicts()} conflicts of the client, ${ours} rewrites and ${failed.length} conflicts of Moraine`,
  )
}
