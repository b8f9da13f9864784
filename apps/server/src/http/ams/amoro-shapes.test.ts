import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { Catalog, CatalogTables } from '@moraine/catalogs/catalog'
import { parseTableMetadata } from '@moraine/iceberg/metadata/table-metadata-json'
import { catalogFilter } from '@moraine/management/catalogs/catalog-filter'
import { acceptPlan, beginPlanning } from '@moraine/management/optimizing/plan-table'
import { recordEvaluation } from '@moraine/management/tables/refresh-table'
import { buildEvaluation, buildOptimizer, buildWork, PROCESS_1, T0 } from '@moraine/management/testing/build'
import { must } from '@moraine/stdx/assert'
import { systemRandom } from '@moraine/stdx/random'
import { VERSION } from '@moraine/stdx/version'
import { openFixture } from '@moraine/testkit/fixtures/fixture-table'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import Fastify from 'fastify'
import { buildRegistry } from '../../catalogs/testing/build-registry.ts'
import { SILENT_LOG } from '../../service/log.ts'
import { icebergInspection } from '../../table-work/iceberg-inspection.ts'
import { amsApi } from './ams-api.ts'

/** Kinds of JSON values, joined with |; an object by its fields, `*` standing for the keys of a map; a list by its item. */
type Shape = string | readonly Shape[] | { readonly [field: string]: Shape }
type Recorded = { readonly transcript: string; readonly path: string; readonly result: Shape }

const RECORDED = JSON.parse(
  readFileSync(new URL('./fixtures/amoro-shapes.json', import.meta.url), 'utf8'),
) as readonly Recorded[]

/** What has no value where Amoro's had one when it was recorded: a task that no optimizer has taken, for one. */
const NULLABLE = new Set(['finishTime', 'optimizerToken', 'threadId', 'startTime', 'endTime', 'comment', 'failReason'])

/** Which table of another engine stands for which of the recorded ones. */
const TABLES: Readonly<Record<string, string>> = {
  'gold.orders': 'pyiceberg-partitioned',
  'gold.plain': 'all-types',
  'gold.empty': 'empty',
  'bench.l400': 'pyiceberg-partitioned',
  'bench.lmaj': 'pyiceberg-partitioned',
  'bench.lpd': 'v3-deletion-vectors',
}

async function loadFixture(name: string) {
  const { fileIO, metadataLocation } = await openFixture(name)
  return {
    io: fileIO,
    metadataLocation,
    metadata: parseTableMetadata(await fileIO.read(metadataLocation), metadataLocation),
  }
}

async function setUp() {
  const clock = virtualClock(T0)
  const stores = memoryStores()
  await stores.groups.saveGroup({ name: 'local', container: 'local', properties: { memory: '1024' } })
  const inspection = icebergInspection(async ({ namespace, name }) => {
    const { io, ...loaded } = await loadFixture(must(TABLES[`${namespace.join('.')}.${name}`], name))
    const identifier = { namespace, name }
    const loadTable: CatalogTables['loadTable'] = async () => ({ identifier, ...loaded })
    return { io, identifier, store: { loadTable } as unknown as CatalogTables }
  })
  const server = Fastify()
  await server.register(amsApi, {
    prefix: '/api/ams/v1',
    catalogs: async () => undefined,
    registry: buildRegistry(stores).registry,
    openCatalog: async () => ({
      catalog: { name: 'ams_ice', loadNamespace: async () => ({}) } as unknown as Catalog,
      filter: catalogFilter({}),
    }),
    hooks: {},
    stores,
    listing: {
      listDatabases: async () => [['gold'], ['bench']],
      listTables: async () => [{ name: 'orders', format: 'ICEBERG' }],
    },
    inspection,
    facts: { version: { version: VERSION, commitTime: '' }, isLeader: () => true },
    clock,
    random: systemRandom,
    log: SILENT_LOG,
  })
  const call = async (path: string, payload?: object) => {
    const method = payload === undefined ? 'GET' : 'POST'
    const answer = await server.inject({ method, url: `/api/ams/v1${path}`, ...(payload && { payload }) })
    assert.equal(answer.statusCode, 200, `${path}: ${answer.body}`)
    return answer.json().result
  }
  for (const [name, type, warehouse] of [
    ['fs_ice', 'filesystem', '/lake/fs'],
    ['ams_ice', 'ams', '/lake/ice'],
  ]) {
    await call('/catalogs', {
      name,
      type,
      optimizerGroup: 'local',
      tableFormatList: ['ICEBERG'],
      storageConfig: { 'storage.type': 'Hadoop' },
      authConfig: { 'auth.type': 'SIMPLE', 'auth.simple.hadoop_username': 'root' },
      properties: { warehouse },
      tableProperties: {},
    })
  }
  await stores.state.apply([
    { kind: 'add-optimizer', optimizer: { ...buildOptimizer(), group: 'local' }, tokenHash: 'secret-hash' },
  ])
  for (const key of Object.keys(TABLES)) {
    const [db = '', table = ''] = key.split('.')
    const name = { catalog: 'ams_ice', namespace: [db], name: table }
    const { tableId } = await stores.tables.addTable({ name, format: 'ICEBERG', createdAt: T0 })
    if (key !== 'gold.orders') continue
    const found = async () => must(await stores.tables.findTable(tableId), key)
    await stores.state.apply(recordEvaluation(await found(), buildEvaluation(), T0))
    await stores.state.apply(beginPlanning(await found(), T0))
    await stores.state.apply(acceptPlan(await found(), buildWork(2), PROCESS_1, T0))
  }
  return { call, stores }
}

const { call } = await setUp()
const { metadata } = await loadFixture('pyiceberg-partitioned')
const ORDERS = '/tables/catalogs/ams_ice/dbs/gold/tables/orders'
const [partition] = (await call(`${ORDERS}/partitions`)).list

/** The recorded request, with the ids and names of the tables that stand for the recorded ones. */
function pathHere(path: string): string {
  return path
    .replace('3621731063218781532', String(metadata.currentSnapshotId))
    .replace('ref=dev', 'ref=side')
    .replace(/partitions\/region.*\/files\?specId=0/, () => {
      return `partitions/${encodeURIComponent(partition.partition)}/files?specId=${partition.specId}`
    })
    .replace(/\/dbs\/bench\/tables\/l400\/optimizing/, '/dbs/gold/tables/orders/optimizing')
    .replace('1470657511350272', PROCESS_1)
}

/** Lists that are empty here, whatever they were where it was recorded. */
const EMPTY_HERE: readonly string[] = ['75-operations', 'a4-snapshots-after']

for (const { transcript, path, result } of RECORDED) {
  test(`${transcript} has every field of Amoro's answer, with its type`, async () => {
    assert.deepEqual(differences(result, await call(pathHere(path)), '', EMPTY_HERE.includes(transcript)), [])
  })
}

test('a difference is seen wherever it is', () => {
  const shape: Shape = { a: ['number|null'], b: { '*': 'string' }, c: { d: 'boolean' } }
  assert.deepEqual(differences(shape, { a: [1, null], b: { x: 'y' }, c: { d: true }, more: 1 }), [])
  assert.deepEqual(differences(shape, { a: ['1'], b: { x: 2 }, c: {} }), [
    '.a[0] is string, not number|null',
    '.b.x is number, not string',
    '.c.d is missing',
  ])
  assert.deepEqual(differences(shape, { a: [], b: [], c: null }), [
    '.a is empty: nothing to compare',
    '.b is list, not object',
    '.c is null, not object',
  ])
})

/** Fields beside those that were recorded are no difference. */
function differences(shape: Shape, value: unknown, at = '', mayBeEmpty = false): readonly string[] {
  const kind = kindOf(value)
  if (typeof shape === 'string') {
    const kinds = shape.split('|')
    const isNull = kind === 'null' && NULLABLE.has(at.split('.').at(-1) ?? '')
    // Of a field that was null whenever it was recorded, nothing more is known.
    return shape === 'null' || kinds.includes(kind) || isNull ? [] : [`${at} is ${kind}, not ${shape}`]
  }
  if (isList(shape)) {
    if (!Array.isArray(value)) return [`${at} is ${kind}, not list`]
    const [item] = shape
    if (item === undefined) return []
    if (value.length === 0) return mayBeEmpty ? [] : [`${at} is empty: nothing to compare`]
    return value.flatMap((each, index) => differences(item, each, `${at}[${index}]`, mayBeEmpty))
  }
  if (kind !== 'object') return [`${at} is ${kind}, not object`]
  const found = new Map(Object.entries(value as object))
  return Object.entries(shape).flatMap(([field, inner]) => {
    if (field === '*') return [...found].flatMap(([key, each]) => differences(inner, each, `${at}.${key}`, mayBeEmpty))
    if (!found.has(field)) return [`${at}.${field} is missing`]
    return differences(inner, found.get(field), `${at}.${field}`, mayBeEmpty)
  })
}

function isList(shape: Shape): shape is readonly Shape[] {
  return Array.isArray(shape)
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'list' : typeof value
}
