import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Catalog, LoadedTable } from '@moraine/catalogs/catalog'
import { currentSnapshot } from '@moraine/iceberg/metadata/snapshot-history'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { parseTableMetadata } from '@moraine/iceberg/metadata/table-metadata-json'
import type { TableName } from '@moraine/management/records/table-name'
import type { TableInspection } from '@moraine/management/table-work/table-inspection'
import { must } from '@moraine/stdx/assert'
import type { EpochMs } from '@moraine/stdx/brand'
import { isKind } from '@moraine/stdx/error'
import { copyFixture } from '@moraine/testkit/fixtures/fixture-table'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import { buildOpened, findAmong } from '../catalogs/testing/build-opened.ts'
import { icebergInspection } from './iceberg-inspection.ts'
import { showTable } from './shown-table.ts'

const THEIRS: TableName = { catalog: 'lake', namespace: ['theirs'], name: 'clinic' }
const EVES: TableName = { catalog: 'lake', namespace: ['mine'], name: 'evil' }

/**
 * A table with partitions, and one of Eve's in a place of her own. She wrote its metadata and its manifest list, which name
 * files of the other: as far as she can, hers is the other table under another name.
 */
async function setUp() {
  const { fileIO: io, metadataLocation } = await copyFixture('evolved-spec', memoryFileIO(), '/copy')
  const theirs = parseTableMetadata(await io.read(metadataLocation), metadataLocation)
  const { manifests } = must(currentSnapshot(theirs), 'a snapshot')
  assert.ok(manifests.kind === 'list')
  const eves = 's3://lake/mine/evil'
  const ownList = `${eves}/metadata/snap-evil.avro`
  await io.write(ownList, await io.read(manifests.location))
  const evil: TableMetadata = {
    ...theirs,
    location: eves,
    snapshots: theirs.snapshots.map((each) => ({ ...each, manifests: { kind: 'list', location: ownList } })),
    metadataLog: [{ timestampMs: 1 as EpochMs, metadataFile: metadataLocation }],
  }
  const tables = new Map([
    ['clinic', { metadata: theirs, metadataLocation }],
    ['evil', { metadata: evil, metadataLocation }],
  ])
  const placement = { type: 'ams' as const, warehouse: 's3://lake', allowsExternal: false }
  const catalog = {
    name: 'lake',
    loadTable: async (identifier): Promise<LoadedTable> => ({
      identifier,
      ...must(tables.get(identifier.name), identifier.name),
    }),
  } as Partial<Catalog> as Catalog
  let opened = buildOpened(catalog, { io, placement, boundsFiles: false })
  return {
    inspection: icebergInspection((table, signal) => showTable(async () => opened, table, signal)),
    allowExternal(allowsExternal: boolean) {
      opened = buildOpened(catalog, { io, placement: { ...placement, allowsExternal }, boundsFiles: false })
    },
    /** Has Eve's table keep files of metadata where the other does, or no longer. */
    keepsMetadataThere(isThere: boolean) {
      const properties = isThere ? { 'write.metadata.path': theirs.location } : {}
      tables.set('evil', { metadata: { ...evil, properties }, metadataLocation })
    },
  }
}

const WINDOW = { offset: 0, limit: 100 }
const LOOKS: Readonly<Record<string, (inspection: TableInspection, table: TableName) => Promise<{ total: number }>>> = {
  partitions: (inspection, table) => inspection.listPartitions(table, WINDOW),
  'files of a partition': (inspection, table) => inspection.listPartitionFiles(table, { partitionPath: '', ...WINDOW }),
  operations: (inspection, table) => inspection.listOperations(table, WINDOW),
  verdicts: (inspection, table) =>
    inspection.explainPartitions(table, { clocks: new Map(), now: 1_800_000_000_000 as EpochMs, limit: 100 }),
}

const isRefused = (error: unknown) => isKind(error, 'permission')

for (const [what, look] of Object.entries(LOOKS)) {
  test(`${what} of another's table are not shown as those of one's own, whether or not its owner has looked`, async () => {
    const { inspection } = await setUp()
    await assert.rejects(look(inspection, EVES), isRefused)
    await look(inspection, THEIRS)
    await assert.rejects(look(inspection, EVES), isRefused)
  })

  test(`${what} seen while the catalog allowed it are not shown when it no longer does`, async () => {
    const { inspection, allowExternal } = await setUp()
    allowExternal(true)
    await look(inspection, EVES)
    allowExternal(false)
    await assert.rejects(look(inspection, EVES), isRefused)
  })

  test(`${what} seen in a place of the table are not shown when it is none any more`, async () => {
    const { inspection, keepsMetadataThere } = await setUp()
    keepsMetadataThere(true)
    await look(inspection, EVES)
    keepsMetadataThere(false)
    await assert.rejects(look(inspection, EVES), isRefused)
  })
}

test('a catalog that is not there has nothing to show', async () => {
  await assert.rejects(showTable(findAmong({}), THEIRS, undefined), (error) => isKind(error, 'not-found'))
})
