import type { LoadedTable } from '@moraine/catalogs/catalog'
import { stageSnapshot } from '@moraine/iceberg/commit/stage-snapshot'
import { EMPTY_METRICS, type FileFormat } from '@moraine/iceberg/manifest/content-file'
import type { ManagedTable } from '@moraine/management/records/managed-table'
import type { TableName } from '@moraine/management/records/table-name'
import { assert } from '@moraine/stdx/assert'
import type { Clock } from '@moraine/stdx/clock'
import type { Random } from '@moraine/stdx/random'
import { SALES_ORDERS_TABLE } from '@moraine/testkit/conformance/catalog-samples'
import { eventually } from '@moraine/testkit/eventually'
import type { FindOpened } from '../../catalogs/open-catalogs.ts'
import type { Optimizing } from '../../compose-optimizing.ts'

export type LakehouseTableParts = {
  readonly catalog?: string
  readonly name?: string
  readonly properties?: Readonly<Record<string, string>>
  /** Partitions, of two small files each: due at once. */
  readonly regions?: readonly string[]
  readonly fileFormat?: FileFormat
}

/** A table that writers write to. Its manifests are real; its data files are named there, and nobody reads them. */
export type LakehouseTable = {
  readonly name: TableName
  /** In the API. */
  readonly path: string
  append(region: string, fileFormat?: FileFormat): Promise<void>
  set(properties: Readonly<Record<string, string>>): Promise<void>
  load(): Promise<LoadedTable>
  /** What the service has on record, once that is so. */
  until(what: string, holds: (table: ManagedTable) => boolean): Promise<ManagedTable>
  /** Has the service look, as a commit through its own catalog does. */
  notice(): Promise<void>
}

type Deps = {
  readonly catalogs: FindOpened
  readonly optimizing: Optimizing
  readonly clock: Clock
  readonly random: Random
}

export async function makeLakehouseTable(
  { catalogs, optimizing, clock, random }: Deps,
  {
    catalog: catalogName = 'lake',
    name = 'orders',
    properties = {},
    regions = ['eu'],
    fileFormat = 'parquet',
  }: LakehouseTableParts = {},
): Promise<LakehouseTable> {
  const { catalog, io } = await catalogs(catalogName)
  const identifier = { namespace: ['sales'], name }
  const tableName = { catalog: catalogName, ...identifier }
  const find = () => optimizing.stores.tables.findTableByName(tableName)
  const table: LakehouseTable = {
    name: tableName,
    path: `/tables/catalogs/${catalogName}/dbs/sales/tables/${name}`,
    async append(region, format = 'parquet') {
      const { metadata } = await catalog.loadTable(identifier)
      const fileOf = (at: number) => ({
        content: 'data' as const,
        filePath: `${metadata.location}/data/region=${region}/${metadata.snapshots.length}-${at}.${format}`,
        ...{ fileFormat: format, specId: metadata.defaultSpecId, partition: [region] },
        ...{ recordCount: 10, fileSizeBytes: 1000, metrics: () => EMPTY_METRICS },
      })
      const added = [{ file: fileOf(1) }, { file: fileOf(2) }]
      const change = { operation: 'append', added, removed: [], summary: {} } as const
      const staged = await stageSnapshot(metadata, change, { io, clock, random, attempt: 1 })
      assert((await catalog.commitTable(identifier, staged)).kind === 'committed', 'an append to a table of its own')
    },
    async set(updates) {
      await catalog.commitTable(identifier, { requirements: [], updates: [{ action: 'set-properties', updates }] })
    },
    load: () => catalog.loadTable(identifier),
    until: (what, holds) =>
      eventually(what, async () => {
        const found = await find()
        return found !== undefined && holds(found) ? found : undefined
      }),
    async notice() {
      const found = await find()
      if (found === undefined) optimizing.nudge({ to: 'explorer', catalog: catalogName })
      else optimizing.nudge({ to: 'refresher', tableId: found.tableId })
    },
  }
  if ((await catalog.listNamespaces([])).items.length === 0) await catalog.createNamespace(['sales'])
  await catalog.createTable(identifier, {
    ...SALES_ORDERS_TABLE,
    properties: { ...SALES_ORDERS_TABLE.properties, ...properties },
  })
  for (const region of regions) await table.append(region, fileFormat)
  await table.notice()
  return table
}
