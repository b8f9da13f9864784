import { truncateSync } from 'node:fs'
import { currentSnapshot } from '@moraine/iceberg/metadata/snapshot-history'
import type { ManagedTable } from '@moraine/management/records/managed-table'
import type { TableMaintenance } from '@moraine/management/table-work/table-maintenance'
import { OUTPUT_FIGURES } from '@moraine/management/testing/build'
import { assert, must } from '@moraine/stdx/assert'
import { eventually } from '@moraine/testkit/eventually'
import type { LakehouseTable, LakehouseTableParts } from './lakehouse-table.ts'
import type { Worker } from './lakehouse-worker.ts'
import { type Lakehouse, type LakehouseParts, openLakehouse } from './open-lakehouse.ts'

// How tables come to where a puzzle finds them.

const SECOND = 1000
export const MINUTE = 60 * SECOND

export const isFailing = ({ refreshFailure }: ManagedTable) => refreshFailure !== undefined
export const isBackingOff = ({ backOff }: ManagedTable) => backOff !== undefined
export const isPlannedEmpty = ({ emptyPlan }: ManagedTable) => emptyPlan !== undefined

async function made(
  lake: Lakehouse,
  what: string,
  holds: (table: ManagedTable) => boolean,
  parts?: LakehouseTableParts,
) {
  const table = await lake.makeTable(parts)
  await table.until(what, holds)
  return table
}

/** A table with work that waits to be planned. */
export function due(lake: Lakehouse, parts?: LakehouseTableParts): Promise<LakehouseTable> {
  return made(lake, 'work is found', ({ state }) => state.phase === 'pending', parts)
}

export function seen(lake: Lakehouse, parts?: LakehouseTableParts): Promise<LakehouseTable> {
  return made(lake, 'it is looked at', ({ evaluation }) => evaluation !== undefined, parts)
}

export function executing(lake: Lakehouse, parts?: LakehouseTableParts): Promise<LakehouseTable> {
  return made(lake, 'a process begins', ({ state }) => state.phase === 'executing', parts)
}

/** A table with three tasks, on the first of which a thread works. */
export async function working(lake: Lakehouse, then: (worker: Worker) => unknown): Promise<LakehouseTable> {
  const worker = await lake.register()
  const table = await executing(lake, { regions: ['eu', 'us', 'jp'] })
  await worker.take()
  await then(worker)
  return table
}

const OUTPUT = { kind: 'output', payload: '{}' } as const

/** What tasks wrote is not looked at, and committed as told. */
export function committing(commit: TableMaintenance['commit']): LakehouseParts {
  return { maintenance: { checkOutput: () => ({ kind: 'accepted', figures: OUTPUT_FIGURES }), commit } }
}

/** A table whose only task has ended well. */
export async function done(
  lake: Lakehouse,
  before: (table: LakehouseTable) => unknown = () => undefined,
): Promise<LakehouseTable> {
  const worker = await lake.register()
  const table = await executing(lake)
  const task = await worker.take()
  await before(table)
  await worker.end(task, OUTPUT)
  return table
}

/** One that was committed a moment ago, and looked at since. */
export async function optimized(lake: Lakehouse): Promise<LakehouseTable> {
  const table = await done(lake)
  await table.until('it is committed', ({ optimizedAt }) => optimizedAt !== undefined)
  await noticeAgain(lake, table)
  await table.until('nothing is left', ({ evaluation }) => evaluation?.needed === undefined)
  return table
}

/** Tables that were looked at a moment ago rest for a moment. */
export async function noticeAgain(lake: Lakehouse, table: LakehouseTable): Promise<void> {
  await lake.pass(SECOND)
  await table.notice()
}

/** One whose process has failed, once it has been looked at again. In steps so small that its back-off outlasts them. */
export async function dueAgain(lake: Lakehouse, table: LakehouseTable): Promise<LakehouseTable> {
  await eventually('there is work again', async () => {
    await lake.pass(SECOND / 10)
    await table.notice()
    return (await lake.ask(`${table.path}/verdict`)).phase === 'pending' || undefined
  })
  return table
}

/** A disk that loses the end of what was written last: the manifest list of the current snapshot. */
export async function damage(lake: Lakehouse, table: LakehouseTable): Promise<void> {
  await table.append('us')
  const snapshot = must(currentSnapshot((await table.load()).metadata), 'the snapshot of an append')
  assert(snapshot.manifests.kind === 'list', 'its manifest list')
  truncateSync(snapshot.manifests.location, 4)
  await noticeAgain(lake, table)
  await table.until('it cannot be read', isFailing)
}

/** An empty table that was found in the catalog of another service, which is gone now. */
export async function deserted(lake: Lakehouse, then: (port: number) => unknown): Promise<LakehouseTable> {
  const far = await openLakehouse({ leads: false })
  const uri = await far.listen()
  const properties = { uri: `${uri}/iceberg`, warehouse: 'lake', 'local-folders': far.root }
  await lake.addCatalog({ name: 'far', type: 'rest', properties })
  const table = await seen(lake, { catalog: 'far', regions: [] })
  await far.close()
  await then(Number(new URL(uri).port))
  await noticeAgain(lake, table)
  await eventually('it cannot be looked at', async () => {
    // In small steps: what does not come by itself comes by a deadline, and what does is not overtaken by one.
    await lake.pass(5 * SECOND)
    return (await lake.ask(`${table.path}/verdict`)).kind === 'refresh-failing' || undefined
  })
  return table
}

/** One whose catalog has been asked a few times since. */
export async function leftAlone(lake: Lakehouse): Promise<LakehouseTable> {
  const table = await deserted(lake, () => undefined)
  await eventually('it is left alone', async () => {
    await noticeAgain(lake, table)
    return (await lake.ask(`${table.path}/verdict`)).kind === 'catalog-unreachable' || undefined
  })
  return table
}

export function blockFor(lake: Lakehouse, operation: string): (table: LakehouseTable) => Promise<void> {
  return ({ path }) => lake.do('POST', `${path}/blockers`, { operations: [operation], properties: { app: 'load' } })
}

export function changeGroup(lake: Lakehouse, properties: Readonly<Record<string, string>>): Promise<void> {
  return lake.do('PUT', '/optimize/resourceGroups', { name: 'default', container: 'external', properties })
}
