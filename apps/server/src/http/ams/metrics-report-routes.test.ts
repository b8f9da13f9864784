import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MetricsReport } from '@moraine/management/catalogs/metrics-report'
import type { TableName } from '@moraine/management/records/table-name'
import { at, T0 } from '@moraine/management/testing/build'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { reportKeeper } from '../../background/report-keeper.ts'
import { SILENT_LOG } from '../../service/log.ts'
import { buildHttpServer } from '../http-server.ts'
import { buildOptions } from '../testing/build-options.ts'

const ORDERS = { catalog: 'lake', namespace: ['sales', 'eu'], name: 'orders' }
const LINES = { ...ORDERS, name: 'lines' }
const SNAPSHOT = 9007199254740993n
const REPORTS = '/tables/catalogs/lake/dbs/sales.eu/tables/orders/metrics-reports'

/** The n-th report: every third is of a commit. */
function reportOf(table: TableName, number: number): MetricsReport {
  const kind = number % 3 === 0 ? 'commit' : 'scan'
  return {
    reportId: `r${String(number).padStart(4, '0')}`,
    ...{ table, kind, snapshotId: SNAPSHOT + BigInt(number), principal: 'etl' },
    receivedAt: at(number),
    report: `{"report-type":"${kind}-report","snapshot-id":${SNAPSHOT},"metrics":{}}`,
  }
}

/** Two tables, of which engines told so much. */
async function setUp(counts: { readonly orders: number; readonly lines: number }) {
  const stores = memoryStores()
  await stores.catalogs.saveCatalog({ name: 'lake', type: 'ams', properties: {} })
  for (const name of [ORDERS, LINES]) await stores.tables.addTable({ name, format: 'ICEBERG', createdAt: T0 })
  const keeper = reportKeeper({ stores, clock: virtualClock(T0), log: SILENT_LOG })
  for (let number = 1; number <= counts.orders; number += 1) keeper.keep(reportOf(ORDERS, number))
  for (let number = 1; number <= counts.lines; number += 1) keeper.keep(reportOf(LINES, 1000 + number))
  await keeper.stop()
  const server = await buildHttpServer(buildOptions({ stores }))
  return async (path: string) => {
    const answer = await server.inject(`/api/ams/v1${path}`)
    const { result, message, kind } = answer.json()
    const ids: readonly string[] = (result?.list ?? []).map(({ reportId }: MetricsReport) => reportId)
    return { status: answer.statusCode, list: result?.list, total: result?.total, ids, message, kind }
  }
}

test('reports of one table are listed with all that was told, the newest first', async () => {
  const get = await setUp({ orders: 3, lines: 2 })
  const { list, total } = await get(REPORTS)
  assert.equal(total, 3)
  assert.deepEqual(
    list.map(({ reportId, kind, receivedAt }: MetricsReport) => [reportId, kind, receivedAt]),
    [
      ['r0003', 'commit', at(3)],
      ['r0002', 'scan', at(2)],
      ['r0001', 'scan', at(1)],
    ],
  )
  assert.deepEqual(list[0], {
    reportId: 'r0003',
    kind: 'commit',
    snapshotId: '9007199254740996',
    principal: 'etl',
    receivedAt: at(3),
    report: '{"report-type":"commit-report","snapshot-id":9007199254740993,"metrics":{}}',
  })
  assert.deepEqual((await get(REPORTS.replace('orders', 'lines'))).ids, ['r1002', 'r1001'])
})

test('a kind leaves out the other, also in the total', async () => {
  const get = await setUp({ orders: 7, lines: 3 })
  const of = async (kind: string) => {
    const { ids, total } = await get(`${REPORTS}?kind=${kind}`)
    return [ids, total]
  }
  assert.deepEqual(await of('commit'), [['r0006', 'r0003'], 2])
  assert.deepEqual(await of('scan'), [['r0007', 'r0005', 'r0004', 'r0002', 'r0001'], 5])
  assert.deepEqual((await get(`${REPORTS}?kind=scan&page=2&pageSize=2`)).ids, ['r0004', 'r0002'])
})

test('pages follow each other, twenty by default, and end', async () => {
  const get = await setUp({ orders: 45, lines: 1 })
  const pages = await Promise.all([1, 2, 3, 4].map((page) => get(`${REPORTS}?page=${page}`)))
  assert.deepEqual(
    pages.map(({ ids, total }) => [ids.length, ids[0], total]),
    [
      [20, 'r0045', 45],
      [20, 'r0025', 45],
      [5, 'r0005', 45],
      [0, undefined, 45],
    ],
  )
  assert.equal((await get(`${REPORTS}?pageSize=500`)).ids.length, 45)
  assert.deepEqual((await get(`${REPORTS}?pageSize=1&page=45`)).ids, ['r0001'])
})

test('a kind that there is not, a page that there cannot be, and a table that is not there are refused', async () => {
  const get = await setUp({ orders: 1, lines: 0 })
  assert.deepEqual((await get(REPORTS.replace('orders', 'lines'))).list, [], 'nothing was told')
  for (const [query, of] of [
    ['kind=optimize', /kind/],
    ['kind=SCAN', /kind/],
    ['kind=', /kind/],
    ['kind=scan&kind=commit', /kind/],
    ['page=0', /page/],
    ['page=1.5', /page/],
    ['pageSize=0', /pageSize/],
    ['pageSize=501', /pageSize/],
    ['pageSize=many', /pageSize/],
  ] as const) {
    const { status, message, kind } = await get(`${REPORTS}?${query}`)
    assert.deepEqual([status, kind], [400, 'invalid-input'], query)
    assert.match(message, of, query)
  }
  for (const [path, of] of [
    [REPORTS.replace('orders', 'none'), /table lake\.sales\.eu\.none is not managed/],
    [REPORTS.replace('sales.eu', 'sales'), /table lake\.sales\.orders is not managed/],
    [REPORTS.replace('/lake/', '/pond/'), /there is no catalog 'pond'/],
  ] as const) {
    const { status, message, kind } = await get(path)
    assert.deepEqual([status, kind], [404, 'not-found'], path)
    assert.match(message, of)
  }
})
