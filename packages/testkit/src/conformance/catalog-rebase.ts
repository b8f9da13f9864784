import assert from 'node:assert/strict'
import type { Catalog, TableCommit } from '@moraine/catalogs/catalog'
import { stageSnapshot } from '@moraine/iceberg/commit/stage-snapshot'
import { type ContentFile, EMPTY_METRICS } from '@moraine/iceberg/manifest/content-file'
import { currentSnapshot } from '@moraine/iceberg/metadata/snapshot-history'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { readLiveFiles } from '@moraine/iceberg/scan/read-manifests'
import { must } from '@moraine/stdx/assert'
import { systemClock } from '@moraine/stdx/clock'
import { seededRandom } from '@moraine/stdx/random'
import type { FileIO } from '@moraine/storage/file-io'
import { catalogTest, createSalesOrders, ORDERS, SALES_ORDERS_TABLE } from './catalog-samples.ts'
import type { OpenCatalog } from './catalog-under-test.ts'

const WRITERS = 8

/** Of catalogs that put appends on top of others where a table asks for it. */
export function catalogRebaseTests(name: string, open: OpenCatalog): void {
  catalogTest(name, 'appends from one state are all made where the table asks for that', open, async (opened) => {
    const { catalog, other, io } = opened
    const { metadata: base, staged } = await overtaken(opened, 'true')
    const paths = await Promise.all(
      staged.map(async ({ commit, path }, at) => {
        await unraced(at % 2 === 0 ? catalog : other, commit)
        return path
      }),
    )
    const { metadata } = await other.loadTable(ORDERS)
    const snapshot = must(currentSnapshot(metadata), 'a snapshot')
    const live = (await readLiveFiles(io, metadata, snapshot)).data.map(({ file }) => file.filePath)
    assert.deepEqual(live.sort(), ['first', ...paths].sort())
    const added = metadata.snapshots.slice(-WRITERS)
    assert.deepEqual(
      added.map(({ parentSnapshotId }) => parentSnapshotId),
      [base.currentSnapshotId, ...added.slice(0, -1).map(({ snapshotId }) => snapshotId)],
    )
    await assertNoneLeft(io, metadata)

    // Whoever lost the answer asks again, and is told that it was made.
    assert.equal((await catalog.commitTable(ORDERS, must(staged[0], 'a commit').commit)).kind, 'committed')
    assert.equal((await catalog.loadTable(ORDERS)).metadata.snapshots.length, metadata.snapshots.length)
  })

  catalogTest(
    name,
    'of appends from one state one is made where the table does not ask for more',
    open,
    async (opened) => {
      const { staged } = await overtaken(opened, 'false')
      const outcomes: string[] = []
      for (const { commit } of staged) outcomes.push((await opened.catalog.commitTable(ORDERS, commit)).kind)
      assert.deepEqual(outcomes, ['committed', ...Array(WRITERS - 1).fill('conflict')])
    },
  )
}

/** A table with one file, and appends that all begin from it. */
async function overtaken(opened: Parameters<typeof createSalesOrders>[0] & { readonly io: FileIO }, asks: string) {
  const { catalog, io } = opened
  const properties = { ...SALES_ORDERS_TABLE.properties, 'commit.rebase-appends.enabled': asks }
  const created = await createSalesOrders(opened, { ...SALES_ORDERS_TABLE, properties })
  const random = seededRandom(1)
  const stage = async (metadata: TableMetadata, path: string) => {
    const change = { operation: 'append', added: [{ file: dataFile(path) }], removed: [], summary: {} } as const
    return { path, commit: await stageSnapshot(metadata, change, { io, clock: systemClock, random, attempt: 1 }) }
  }
  const first = await stage(created.metadata, 'first')
  assert.equal((await catalog.commitTable(ORDERS, first.commit)).kind, 'committed')
  const { metadata } = await catalog.loadTable(ORDERS)
  const staged = await Promise.all(Array.from({ length: WRITERS }, (_, at) => stage(metadata, `file-${at}`)))
  return { metadata, staged }
}

function dataFile(filePath: string): ContentFile {
  return {
    ...{ content: 'data', filePath, fileFormat: 'parquet', specId: 0, partition: [null] },
    ...{ recordCount: 1, fileSizeBytes: 100, metrics: () => EMPTY_METRICS },
  }
}

/** What lost the last step alone is made again, as the service does. */
async function unraced(catalog: Catalog, commit: TableCommit): Promise<void> {
  const outcome = await catalog.commitTable(ORDERS, commit)
  if (outcome.kind === 'conflict' && outcome.raced === true) return unraced(catalog, commit)
  assert.equal(outcome.kind, 'committed', outcome.kind === 'conflict' ? outcome.reason : '')
}

/** The lists that the writers wrote are theirs to remove; of the catalog's own none is left over. */
async function assertNoneLeft(io: FileIO, metadata: TableMetadata): Promise<void> {
  const nameOf = (location: string) => location.slice(location.lastIndexOf('/') + 1)
  const lists = metadata.snapshots.map(({ manifests }) => (manifests.kind === 'list' ? nameOf(manifests.location) : ''))
  const there = (await Array.fromAsync(io.list(`${metadata.location}/metadata/`))).map(({ location }) =>
    nameOf(location),
  )
  const own = there.filter((file) => /^snap-\d+-0-/.test(file))
  assert.deepEqual(own.sort(), lists.filter((file) => /^snap-\d+-0-/.test(file)).sort())
  assert.equal(own.length, WRITERS - 1)
}
