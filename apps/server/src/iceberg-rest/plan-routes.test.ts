import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { deflateRawSync } from 'node:zlib'
import type { Catalog } from '@moraine/catalogs/catalog'
import { internalCatalog } from '@moraine/catalogs/internal/internal-catalog'
import type { AddedFile } from '@moraine/iceberg/commit/snapshot-change'
import { stageSnapshot } from '@moraine/iceberg/commit/stage-snapshot'
import { contentFileKey, EMPTY_METRICS } from '@moraine/iceberg/manifest/content-file'
import { decodeContentFile } from '@moraine/iceberg/manifest/content-file-json'
import type { ManifestFile } from '@moraine/iceberg/manifest/manifest-file'
import { currentSnapshot } from '@moraine/iceberg/metadata/snapshot-history'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { partitionFieldTypes } from '@moraine/iceberg/partition/partition-type'
import { readLiveFiles, readManifests } from '@moraine/iceberg/scan/read-manifests'
import { encodeSingleValue } from '@moraine/iceberg/value/single-value'
import { must } from '@moraine/stdx/assert'
import { systemClock } from '@moraine/stdx/clock'
import { formatExactJson, type JsonObject, type JsonValue, parseExactJson } from '@moraine/stdx/exact-json'
import { int32, listOf, optional, record, required, text } from '@moraine/stdx/exact-json-decode'
import { systemRandom } from '@moraine/stdx/random'
import type { FileIO } from '@moraine/storage/file-io'
import { manifestEntry } from '@moraine/testkit/builders/manifest-entry'
import { allFixtureNames, copyFixture, openFixture } from '@moraine/testkit/fixtures/fixture-table'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import { memoryCatalogs } from '@moraine/testkit/memory-stores/memory-catalogs'
import type { OpenedCatalog } from '../catalogs/open-catalogs.ts'
import { buildOpened } from '../catalogs/testing/build-opened.ts'
import { serveIcebergRest } from './testing/serve-iceberg-rest.ts'

const PLACE = { document: 'answer', kind: 'corrupt' } as const

type Answer = { readonly status: number; readonly body: JsonObject; readonly type: string | undefined }
type Served = {
  readonly metadata: TableMetadata
  ask(method: 'GET' | 'POST' | 'DELETE', path: string, body?: JsonValue): Promise<Answer>
}

const TABLE = { namespace: ['db'], name: 't' }

async function emptyLake(io: FileIO): Promise<Catalog> {
  const catalog = internalCatalog({
    name: 'lake',
    warehouse: 's3://b/wh',
    allowsExternalLocations: true,
    pointers: memoryCatalogs().pointers,
    io,
    clock: systemClock,
    random: systemRandom,
    onLeftover: (error) => assert.fail(String(error)),
  })
  await catalog.createNamespace(['db'])
  return catalog
}

/** A fixture as table `db.t` of the warehouse `lake`. */
async function serveFixture(name: string): Promise<Served> {
  const { fileIO, metadataLocation } = await openFixture(name)
  const catalog = await emptyLake(fileIO)
  const { metadata } = await catalog.registerTable(TABLE, metadataLocation)
  return serve(catalog, fileIO, metadata)
}

async function serve(
  catalog: Catalog,
  fileIO: FileIO,
  metadata: TableMetadata,
  parts: Partial<OpenedCatalog> = {},
): Promise<Served> {
  const server = await serveIcebergRest({ findCatalog: async () => buildOpened(catalog, { io: fileIO, ...parts }) })
  return {
    metadata,
    async ask(method, path, body) {
      const url = path.startsWith('/v1') ? path : `/v1/catalogs/lake/namespaces/db/tables/t${path}`
      const payload = body === undefined ? undefined : formatExactJson(body)
      const headers = payload === undefined ? {} : { 'content-type': 'application/json' }
      const answer = await server.inject({ method, url, headers, ...(payload !== undefined && { payload }) })
      const json = answer.body === '' ? {} : record(parseExactJson(answer.body, 'answer'), PLACE).object
      const error = json['error'] === undefined ? undefined : record(json['error'], PLACE)
      return { status: answer.statusCode, body: json, type: error && required(error, 'type', text) }
    },
  }
}

/** The files of an answer, by path, each with the keys of its deletes. */
function filesIn({ partitionSpecs, schemas, currentSchemaId }: TableMetadata, body: JsonObject) {
  const schema = schemas.find(({ schemaId }) => schemaId === currentSchemaId) ?? assert.fail()
  const file = decodeContentFile((specId) => {
    const spec = partitionSpecs.find((each) => each.specId === specId)
    return spec && partitionFieldTypes(spec, schema)
  })
  const answer = record(body, PLACE)
  const deletes = optional(answer, 'delete-files', listOf(file)) ?? []
  return required(
    answer,
    'file-scan-tasks',
    listOf((value, place) => {
      const task = record(value, place)
      const own = optional(task, 'delete-file-references', listOf(int32)) ?? []
      return {
        file: required(task, 'data-file', file),
        deletes: own.map((at) => contentFileKey(deletes[at] ?? assert.fail(`no delete file ${at}`))),
        residual: task.object['residual-filter'],
      }
    }),
  )
}

test('each fixture is planned whole, and its plan id answers the same', async () => {
  for (const name of allFixtureNames()) {
    const { metadata, ask } = await serveFixture(name)
    const plan = await ask('POST', '/plan', {})
    assert.equal(plan.status, 200, name)
    assert.equal(plan.body['status'], 'completed')
    const { fileIO } = await openFixture(name)
    const snapshot = currentSnapshot(metadata)
    const live = snapshot === undefined ? [] : (await readLiveFiles(fileIO, metadata, snapshot)).data
    const planned = filesIn(metadata, plan.body)
    assert.deepEqual(
      planned.map(({ file }) => file.filePath),
      live.map(({ file }) => file.filePath),
      name,
    )
    assert.ok(planned.every(({ residual }) => residual === true))
    const id = String(plan.body['plan-id'])
    const again = await ask('GET', `/plan/${encodeURIComponent(id)}`)
    if (snapshot === undefined) assert.equal(again.type, 'NoSuchPlanIdException')
    else {
      const { 'plan-id': _, ...rest } = plan.body
      assert.deepEqual(again.body, rest, name)
    }
    assert.equal((await ask('DELETE', `/plan/${encodeURIComponent(id)}`)).status, 204)
  }
})

test('the endpoints are listed', async () => {
  const { ask } = await serveFixture('sorted')
  const { body } = await ask('GET', '/v1/config?warehouse=lake')
  const listed = required(record(body, PLACE), 'endpoints', listOf(text))
  const table = '/v1/{prefix}/namespaces/{namespace}/tables/{table}'
  const planning = listed.filter((each) => /\/(plan|tasks)/.test(each))
  assert.deepEqual(planning, [
    `POST ${table}/plan`,
    `GET ${table}/plan/{plan-id}`,
    `DELETE ${table}/plan/{plan-id}`,
    `POST ${table}/tasks`,
  ])
})

test('figures are sent of the columns that are asked for', async () => {
  const { metadata, ask } = await serveFixture('all-types')
  const [column] = metadata.schemas.at(-1)?.fields ?? []
  assert.ok(column !== undefined)
  const figures = async (request: JsonValue) => {
    const [first] = filesIn(metadata, (await ask('POST', '/plan', request)).body)
    return [...(first ?? assert.fail()).file.metrics().valueCounts.keys()]
  }
  assert.deepEqual(await figures({}), [])
  assert.deepEqual(await figures({ 'stats-fields': [column.name] }), [column.id])
})

test('a snapshot is named by its 64 bits, and an incremental scan by two', async () => {
  const { metadata, ask } = await serveFixture('branches-and-tags')
  const appended = metadata.snapshots.find((each) => each.operation === 'append' && each.parentSnapshotId !== undefined)
  assert.ok(appended?.parentSnapshotId !== undefined)
  const whole = await ask('POST', '/plan', { 'snapshot-id': appended.snapshotId, 'use-snapshot-schema': true })
  assert.equal(whole.status, 200)
  const range = { 'start-snapshot-id': appended.parentSnapshotId, 'end-snapshot-id': appended.snapshotId }
  const added = await ask('POST', '/plan', range)
  assert.equal(added.status, 200)
  assert.equal(
    filesIn(metadata, added.body).length,
    Number(appended.summary['added-data-files']),
    JSON.stringify(appended.summary),
  )
  const again = await ask('GET', `/plan/${encodeURIComponent(String(added.body['plan-id']))}`)
  assert.deepEqual(again.body['file-scan-tasks'], added.body['file-scan-tasks'])
})

/** A table of that many files, each with a range of ids of its own. */
async function tableOf(
  count: number,
  properties: Readonly<Record<string, string>> = {},
): Promise<{ readonly catalog: Catalog; readonly io: FileIO }> {
  const io = memoryFileIO()
  const catalog = await emptyLake(io)
  const field = { id: 1, name: 'id', required: true, type: { kind: 'long' } } as const
  const schema = { schemaId: 0, fields: [field], identifierFieldIds: [] }
  const { metadata } = await catalog.createTable(TABLE, { schema, properties })
  const bound = (id: number) => new Map([[1, encodeSingleValue(field.type, BigInt(id))]])
  const added = Array.from({ length: count }, (_, at) => {
    const metrics = { ...EMPTY_METRICS, lowerBounds: bound(at * 10), upperBounds: bound(at * 10 + 9) }
    return { file: manifestEntry(1, { filePath: `s3://b/wh/db/t/${at}.parquet`, metrics: () => metrics }).file }
  })
  await append(catalog, io, metadata, added)
  return { catalog, io }
}

async function append(catalog: Catalog, io: FileIO, metadata: TableMetadata, added: readonly AddedFile[]) {
  const change = { operation: 'append', added, removed: [], summary: {} } as const
  const staged = await stageSnapshot(metadata, change, { io, clock: systemClock, random: systemRandom, attempt: 1 })
  assert.equal((await catalog.commitTable(TABLE, staged)).kind, 'committed')
}

test('a large plan is cut into tasks that outlive the server and later commits, but not their snapshot', async () => {
  const count = 25_000
  const { catalog, io } = await tableOf(count)
  const { metadata } = await catalog.loadTable(TABLE)
  const { ask } = await serve(catalog, io, metadata)
  const planned = async (body: JsonValue) => {
    const plan = await ask('POST', '/plan', body)
    assert.equal(plan.body['file-scan-tasks'], undefined)
    const tasks = required(record(plan.body, PLACE), 'plan-tasks', listOf(text))
    const answers = await Promise.all(tasks.map((task) => ask('POST', '/tasks', { 'plan-task': task })))
    const files = answers.map(({ body: answer }) => filesIn(metadata, answer).map(({ file }) => file.filePath))
    return { tasks, files }
  }
  const whole = await planned({})
  assert.deepEqual(
    whole.files.map((each) => each.length).filter((length) => length > 10_000 || length === 0),
    [],
  )
  assert.ok(whole.files.length >= 3)
  assert.equal(new Set(whole.files.flat()).size, count)
  assert.equal(whole.files.flat().length, count)
  const few = await planned({ filter: { type: 'in', term: 'id', values: [5, 100_005, 249_999] } })
  assert.deepEqual(
    few.files.flat(),
    [0, 10_000, 24_999].map((at) => `s3://b/wh/db/t/${at}.parquet`),
  )

  await append(catalog, io, metadata, [{ file: manifestEntry(1, { filePath: 's3://b/wh/db/t/later.parquet' }).file }])
  const later = await catalog.loadTable(TABLE)
  const restarted = await serve(catalog, io, later.metadata)
  const [first = ''] = whole.tasks
  const again = await restarted.ask('POST', '/tasks', { 'plan-task': first })
  assert.deepEqual(
    filesIn(metadata, again.body).map(({ file }) => file.filePath),
    whole.files[0],
  )

  const snapshotIds = metadata.snapshots.map(({ snapshotId }) => snapshotId)
  await catalog.commitTable(TABLE, { requirements: [], updates: [{ action: 'remove-snapshots', snapshotIds }] })
  const gone = await restarted.ask('POST', '/tasks', { 'plan-task': first })
  assert.deepEqual([gone.status, gone.type], [404, 'NoSuchPlanTaskException'])
})

test('an incremental scan leaves out what an append merely took over into its manifest', async () => {
  const { catalog, io } = await tableOf(3, { 'commit.manifest.min-count-to-merge': '2' })
  const appendOne = async (filePath: string) => {
    await append(catalog, io, (await catalog.loadTable(TABLE)).metadata, [
      { file: manifestEntry(1, { filePath }).file },
    ])
    return (await catalog.loadTable(TABLE)).metadata
  }
  const first = await appendOne('s3://b/wh/db/t/second.parquet')
  const metadata = await appendOne('s3://b/wh/db/t/later.parquet')
  const manifests = await readManifests(io, metadata, currentSnapshot(metadata) ?? assert.fail())
  const isMerged = ({ addedSnapshotId, existingFilesCount }: ManifestFile) =>
    addedSnapshotId === metadata.currentSnapshotId && existingFilesCount === 4
  assert.ok(manifests.some(isMerged))
  const { ask } = await serve(catalog, io, metadata)
  const added = await ask('POST', '/plan', {
    'start-snapshot-id': first.currentSnapshotId,
    'end-snapshot-id': metadata.currentSnapshotId,
  })
  assert.deepEqual(
    filesIn(metadata, added.body).map(({ file }) => file.filePath),
    ['s3://b/wh/db/t/later.parquet'],
  )
})

test('a plan whose files are missing is damage, not a table that is missing', async () => {
  const { catalog, io } = await tableOf(1)
  const { metadata } = await catalog.loadTable(TABLE)
  const { manifests } = currentSnapshot(metadata) ?? assert.fail()
  assert.ok(manifests.kind === 'list')
  await io.remove([manifests.location])
  const { ask } = await serve(catalog, io, metadata)
  const answer = await ask('POST', '/plan', {})
  assert.deepEqual([answer.status, answer.type], [500, 'InternalServerError'])
})

test('what cannot be planned is refused by a typed error', async () => {
  const { metadata, ask } = await serveFixture('branches-and-tags')
  const id = metadata.currentSnapshotId ?? assert.fail()
  let deep: JsonValue = true
  for (let depth = 0; depth < 400; depth += 1) deep = { type: 'not', child: deep }
  const proto = parseExactJson('{"__proto__":{"filter":true},"filter":{"type":"__proto__"}}', 'body')
  const cases: readonly (readonly [JsonValue, number, string])[] = [
    [null, 400, 'BadRequestException'],
    [[], 400, 'BadRequestException'],
    [{ filter: null }, 400, 'BadRequestException'],
    [{ filter: deep }, 400, 'BadRequestException'],
    [proto, 400, 'BadRequestException'],
    [{ filter: { type: '__proto__' } }, 400, 'IllegalArgumentException'],
    [{ filter: { type: 'eq', term: 'nope', value: 1 } }, 400, 'IllegalArgumentException'],
    [{ select: ['nope'] }, 400, 'IllegalArgumentException'],
    [{ select: 'id' }, 400, 'BadRequestException'],
    [{ 'stats-fields': ['__proto__'] }, 400, 'IllegalArgumentException'],
    [{ 'snapshot-id': 1 }, 400, 'IllegalArgumentException'],
    [{ 'snapshot-id': 'main' }, 400, 'BadRequestException'],
    [{ 'snapshot-id': 1.5 }, 400, 'BadRequestException'],
    [{ 'start-snapshot-id': id }, 400, 'BadRequestException'],
    [{ 'snapshot-id': id, 'start-snapshot-id': id, 'end-snapshot-id': id }, 400, 'BadRequestException'],
    [{ 'start-snapshot-id': 1, 'end-snapshot-id': id }, 400, 'IllegalArgumentException'],
    [{ 'min-rows-requested': -1 }, 400, 'BadRequestException'],
    [{ 'case-sensitive': 'yes' }, 400, 'BadRequestException'],
  ]
  for (const [body, status, type] of cases) {
    const answer = await ask('POST', '/plan', body)
    assert.deepEqual([answer.status, answer.type], [status, type], formatExactJson(answer.body))
  }
  const elsewhere = await ask('POST', '/v1/catalogs/lake/namespaces/db/tables/none/plan', {})
  assert.deepEqual([elsewhere.status, elsewhere.type], [404, 'NoSuchTableException'])
})

test('plan ids and plan tasks that are none are not found', async () => {
  const { metadata, ask } = await serveFixture('sorted')
  const task = (json: JsonObject) => {
    const body = deflateRawSync(formatExactJson(json)).toString('base64url')
    return `${createHash('sha256').update(body).digest('base64url').slice(0, 12)}.${body}`
  }
  const table = metadata.tableUuid ?? assert.fail()
  const request = { 'snapshot-id': metadata.currentSnapshotId, 'schema-id': metadata.currentSchemaId }
  const whole = { v: 1, table, request, from: 0, to: 1 }
  assert.equal((await ask('POST', '/tasks', { 'plan-task': task(whole) })).status, 200)
  const wrong = [
    '',
    'x',
    'a.b',
    'a.b.c',
    task(whole).slice(0, -1),
    task(whole).replace('.', 'x.'),
    task({ ...whole, v: 2 }),
    task({ ...whole, table: 'another' }),
    task({ ...whole, to: 99_999 }),
    task({ ...whole, from: 1 }),
    task({ ...whole, from: -1 }),
    task({ ...whole, from: 0.5 }),
    task({ ...whole, request: { 'snapshot-id': 5 } }),
    task({ ...whole, request: { ...request, 'schema-id': 77 } }),
    task({ ...whole, filter: '{"type":"eq","term":"nope","value":1}' }),
    task({ ...whole, filter: '{' }),
    task({ ...whole, plan: 'x' }),
    task({ ...whole, plan: 'x'.repeat(99_999) }),
    task({ v: 1, table, request }),
    task({ v: 1, table, from: 0, to: 1 }),
  ]
  for (const token of wrong) {
    const answer = await ask('POST', '/tasks', { 'plan-task': token })
    assert.deepEqual([answer.status, answer.type], [404, 'NoSuchPlanTaskException'], token)
  }
  assert.equal((await ask('POST', '/tasks', {})).type, 'BadRequestException')
  assert.equal((await ask('POST', '/tasks', { 'plan-task': 5 })).type, 'BadRequestException')
  for (const id of ['x', task(whole), task({ v: 1, table: 'another', request })]) {
    const answer = await ask('GET', `/plan/${id}`)
    assert.deepEqual([answer.status, answer.type], [404, 'NoSuchPlanIdException'])
  }
  assert.equal((await ask('DELETE', '/plan/x')).type, 'NoSuchPlanIdException')
})

test('a plan that was cancelled is answered no more, nor are its tasks; another of the same scan is', async () => {
  const { catalog, io } = await tableOf(25_000)
  const { metadata } = await catalog.loadTable(TABLE)
  const { ask } = await serve(catalog, io, metadata)
  const plan = async () => {
    const { body } = await ask('POST', '/plan', {})
    const [task = ''] = required(record(body, PLACE), 'plan-tasks', listOf(text))
    return { path: `/plan/${String(body['plan-id'])}`, task }
  }
  const [given, kept] = [await plan(), await plan()]
  assert.notEqual(given.path, kept.path)
  // A client that got no answer asks again.
  for (const _ of [1, 2]) assert.equal((await ask('DELETE', given.path)).status, 204)
  const fetched = await ask('GET', given.path)
  assert.deepEqual([fetched.status, fetched.body], [200, { status: 'cancelled' }])
  const task = await ask('POST', '/tasks', { 'plan-task': given.task })
  assert.deepEqual([task.status, task.type], [404, 'NoSuchPlanTaskException'])
  assert.equal((await ask('GET', kept.path)).body['status'], 'completed')
  assert.equal((await ask('POST', '/tasks', { 'plan-task': kept.task })).status, 200)
})

test('a request that does not fit into a plan id is answered, and its id is not', async () => {
  const { ask, metadata } = await serveFixture('sorted')
  const [column] =
    metadata.schemas.at(-1)?.fields.filter(({ type }) => type.kind === 'long' || type.kind === 'int') ?? []
  const values = Array.from({ length: 3_000 }, (_, at) => (at * 7919) % 100_003)
  const plan = await ask('POST', '/plan', { filter: { type: 'in', term: column?.name ?? '', values } })
  assert.equal(plan.status, 200, formatExactJson(plan.body))
  const id = String(plan.body['plan-id'])
  assert.ok(id.length < 200)
  assert.equal((await ask('GET', `/plan/${id}`)).type, 'NoSuchPlanIdException')
  assert.equal((await ask('DELETE', `/plan/${id}`)).status, 204)
})

test('manifests elsewhere are not read for whoever asks, unless the catalog lets tables be anywhere', async () => {
  const name = must(allFixtureNames()[0], 'a fixture')
  const { fileIO, metadataLocation } = await copyFixture(name, memoryFileIO(), 's3://copies/t')
  const catalog = await emptyLake(fileIO)
  const { metadata } = await catalog.registerTable(TABLE, metadataLocation)
  // Whoever wrote it says that the table is elsewhere; its snapshots name what they named.
  const move = [{ action: 'set-location', location: 's3://b/wh/db/t' }] as const
  await catalog.commitTable(TABLE, { requirements: [], updates: move })
  const read: string[] = []
  const noted: FileIO = {
    ...fileIO,
    read(location, signal) {
      read.push(location)
      return fileIO.read(location, signal)
    },
  }
  const planAs = async (allowsExternal: boolean) => {
    const rules = { type: 'ams', warehouse: 's3://b/wh', allowsExternal } as const
    return (await serve(catalog, noted, metadata, { placement: rules })).ask('POST', '/plan', {})
  }
  assert.deepEqual([(await planAs(false)).type, read], ['ForbiddenException', []])
  assert.equal((await planAs(true)).status, 200)
  assert.equal((await (await serve(catalog, noted, metadata)).ask('POST', '/plan', {})).status, 403)
})
