import { join } from 'node:path'
import type { Catalog, LoadedTable } from '@moraine/catalogs/catalog'
import { filesystemCatalog } from '@moraine/catalogs/filesystem/filesystem-catalog'
import type { TableIdentifier } from '@moraine/catalogs/table-identifier'
import { stageSnapshot } from '@moraine/iceberg/commit/stage-snapshot'
import type { ContentFile } from '@moraine/iceberg/manifest/content-file'
import { currentSnapshot } from '@moraine/iceberg/metadata/snapshot-history'
import { readLiveFiles } from '@moraine/iceberg/scan/read-manifests'
import { assert, must } from '@moraine/stdx/assert'
import { systemClock } from '@moraine/stdx/clock'
import { systemRandom } from '@moraine/stdx/random'
import { localFileIO } from '@moraine/storage/local-file-io'
import { contentFile, ORDER_SCHEMA, orderDataFile, orderDeleteFile } from '../sample/order-files.ts'
import { type Order, orderBatch, type Region } from '../sample/sample-orders.ts'

/** A table of a filesystem catalog on this disk, which tests write to as they like: what they say is not checked. */
export type LakeTable = {
  readonly identifier: TableIdentifier
  readonly directory: string
  readonly catalog: Catalog
  load(): Promise<LoadedTable>
  /** Stores bytes below the table's directory; gives the location. */
  store(path: string, bytes: Uint8Array): Promise<string>
  commit(added: readonly ContentFile[], summary?: Readonly<Record<string, string>>): Promise<void>
}

type CreateTable = Parameters<Catalog['createTable']>[1]

function openLake(warehouse: string): Catalog {
  const io = localFileIO(systemRandom)
  const onLeftover = (error: unknown) => assert(false, String(error))
  return filesystemCatalog({ name: 'lake', warehouse, io, clock: systemClock, random: systemRandom, onLeftover })
}

export function createLakeTable(
  warehouse: string,
  identifier: TableIdentifier,
  definition: CreateTable,
): Promise<LakeTable> {
  return createTableIn(openLake(warehouse), identifier, definition)
}

/** The same in any catalog whose tables are on this disk. */
export async function createTableIn(
  catalog: Catalog,
  identifier: TableIdentifier,
  definition: CreateTable,
): Promise<LakeTable> {
  const io = localFileIO(systemRandom)
  await catalog.createTable(identifier, definition)
  const load = () => catalog.loadTable(identifier)
  const directory = (await load()).metadata.location
  return {
    identifier,
    directory,
    catalog,
    load,
    async store(path, bytes) {
      const location = join(directory, path)
      await io.write(location, bytes)
      return location
    },
    async commit(added, summary = {}) {
      const { metadata } = await load()
      const operation = added.some(({ content }) => content !== 'data') ? 'overwrite' : 'append'
      const change = { operation, added: added.map((file) => ({ file })), removed: [], summary } as const
      const context = { io, clock: systemClock, random: systemRandom, attempt: 1 }
      const staged = await stageSnapshot(metadata, change, context)
      const outcome = await catalog.commitTable(identifier, staged)
      assert(outcome.kind === 'committed', `a test's commit to ${directory}: ${outcome.kind}`)
    },
  }
}

export const ORDERS_TABLE: CreateTable = {
  schema: ORDER_SCHEMA,
  partitionSpec: { fields: [{ sourceIds: [2], name: 'region', transform: { kind: 'identity' } }] },
  properties: {
    'format-version': '2',
    'self-optimizing.target-size': '1048576',
    // Two fragments are work enough, at once.
    'self-optimizing.minor.trigger.file-count': '2',
    'self-optimizing.min-plan-interval': '0',
  },
}

const REGION = 'eu'
const ROWS = 40

/**
 * A table of orders in one partition: `files` data files of 40 orders each, every one but the first with an equality
 * delete of the first five orders of the one before. So each optimizing has work to do.
 */
export async function createOrders(warehouse: string, name: string, files = 4): Promise<LakeTable> {
  const table = await createLakeTable(warehouse, { namespace: ['db'], name }, ORDERS_TABLE)
  for (let at = 0; at < files; at += 1) await appendOrders(table, at)
  return table
}

/** The file number `at` of a table of {@link createOrders}, as one commit. */
export async function appendOrders(table: LakeTable, at: number, region: Region = REGION): Promise<void> {
  const orders = ordersOf(at, region)
  await table.commit([
    await storeData(table, `data/region=${region}/orders-${at}.parquet`, orders, region),
    ...(at === 0 ? [] : [await storeDeletes(table, at, ordersOf(at - 1, region).slice(0, 5), region)]),
  ])
}

/** Paths of the live data and delete files below a region, sorted. */
export async function liveFiles(table: LakeTable, region: Region): Promise<readonly string[]> {
  const { metadata } = await table.load()
  const { data, deletes } = await readLiveFiles(
    localFileIO(systemRandom),
    metadata,
    must(currentSnapshot(metadata), 'snapshot'),
  )
  return [...data, ...deletes]
    .map(({ file }) => file.filePath)
    .filter((path) => path.includes(`/region=${region}/`))
    .sort()
}

/** Live rows after `files` files, by the definition of deletes. */
export function liveOrders(files: number): number {
  return files * ROWS - (files - 1) * 5
}

export async function storeData(
  table: LakeTable,
  path: string,
  orders: readonly Order[],
  region: Region = REGION,
): Promise<ContentFile> {
  const bytes = orderDataFile(orders)
  const filePath = await table.store(path, bytes)
  return contentFile('data', { filePath, region, bytes, orderIds: orders.map(({ orderId }) => orderId) })
}

async function storeDeletes(
  table: LakeTable,
  at: number,
  orders: readonly Order[],
  region: Region,
): Promise<ContentFile> {
  const orderIds = orders.map(({ orderId }) => orderId)
  const bytes = orderDeleteFile(orderIds)
  const filePath = await table.store(`data/region=${region}/deletes-${at}.parquet`, bytes)
  return contentFile('equality-deletes', { filePath, region, bytes, orderIds })
}

function ordersOf(at: number, region: Region): readonly Order[] {
  const { inserted } = orderBatch(at, 0n)
  return inserted.slice(0, ROWS).map((order) => ({ ...order, region }))
}
