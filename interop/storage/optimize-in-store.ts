import assert from 'node:assert/strict'
import { filesystemCatalog } from '@moraine/catalogs/filesystem/filesystem-catalog'
import { must } from '@moraine/stdx/assert'
import { systemClock } from '@moraine/stdx/clock'
import { parseExactJson } from '@moraine/stdx/exact-json'
import { systemRandom } from '@moraine/stdx/random'
import { openStorage } from '@moraine/storage/open-storage'
import type { StorageSettings } from '@moraine/storage/settings'
import { moraine } from '../lab/moraine.ts'
import type { PyIceberg } from '../lab/pyiceberg.ts'
import { createOddTable, type OddTable } from './odd-table.ts'
import { accountForObjects } from './s3-objects.ts'

export type TableInStore = {
  readonly settings: StorageSettings
  readonly warehouse: string
  /** Of a namespace and a table of it. */
  readonly names: readonly [string, string]
  /** By which PyIceberg, with a client of its own, reaches the store. */
  readonly readBy: StorageSettings
}

/**
 * A table with partitions of odd names is made in a filesystem catalog and written to, optimized by the command as a user
 * runs it, and read by PyIceberg: every snapshot as it was written. Nothing is lost and nothing is left.
 */
export async function optimizeInStore(pyiceberg: PyIceberg, place: TableInStore): Promise<void> {
  const { settings, warehouse, names } = place
  const io = openStorage(settings, { clock: systemClock, random: systemRandom })
  const catalog = filesystemCatalog({
    ...{ name: 'lake', warehouse, io, clock: systemClock, random: systemRandom },
    onLeftover: (error) => assert.fail(String(error)),
  })
  const table = await createOddTable(catalog, io, { namespace: [names[0]], name: names[1] }, 2)
  for (const deletes of ['none', 'positions', 'positions'] as const) await table.append(deletes)
  assert.equal(await optimize(table, settings), 'committed')
  assert.equal(await optimize(table, settings), 'nothing to do')
  await assertRead(pyiceberg, table, place.readBy)
  const { lost, strays } = await accountForObjects(io, await table.load())
  assert.deepEqual({ lost, strays }, { lost: [], strays: [] })
}

async function optimize(table: OddTable, settings: StorageSettings): Promise<string> {
  const given = Object.entries(settings).map(([name, value]) => `${name}=${value}`)
  const command = ['table', 'optimize', table.location, '--type', 'full', '--json', '--storage', ...given]
  const { stdout, stderr } = await moraine(command)
  assert.notEqual(stdout, '', stderr)
  return (parseExactJson(stdout, 'report') as { readonly outcome: string }).outcome
}

/** A snapshot of Moraine holds what the one before it did. */
async function assertRead(pyiceberg: PyIceberg, table: OddTable, properties: StorageSettings): Promise<void> {
  const { metadata, metadataLocation } = await table.load()
  let rows: readonly string[] | undefined
  for (const { snapshotId } of metadata.snapshots) {
    rows = table.states.get(snapshotId)?.rows ?? must(rows, 'a commit before')
    assert.deepEqual(await pyiceberg.readRows({ metadataFile: metadataLocation, properties, snapshotId }), rows)
  }
}
