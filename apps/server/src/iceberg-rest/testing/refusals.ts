import assert from 'node:assert/strict'
import { test } from 'node:test'
import { internalCatalog } from '@moraine/catalogs/internal/internal-catalog'
import { systemClock } from '@moraine/stdx/clock'
import { formatExactJson, type JsonObject, parseExactJson } from '@moraine/stdx/exact-json'
import { seededRandom } from '@moraine/stdx/random'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import { memoryAnsweredRequests } from '@moraine/testkit/memory-stores/memory-answered-requests'
import { memoryCatalogs } from '@moraine/testkit/memory-stores/memory-catalogs'
import { buildOpened, findAmong } from '../../catalogs/testing/build-opened.ts'
import { Idempotency } from '../idempotency.ts'
import { serveIcebergRest } from './serve-iceberg-rest.ts'

// Requests that are wrong on purpose. Each is answered by a typed error that names what is wrong, and leaves the catalog, and
// that of the neighbour, byte for byte as they were.

export const LAKE = '/v1/catalogs/lake'
export const NAMESPACES = `${LAKE}/namespaces`
export const TABLES = `${NAMESPACES}/sales/tables`
export const SALES_ORDERS = `${TABLES}/orders`
export const VIEWS = `${NAMESPACES}/sales/views`
export const ID_SCHEMA = {
  type: 'struct',
  'schema-id': 0,
  fields: [{ id: 1, name: 'id', required: true, type: 'long' }],
}
export const VIEW = {
  name: 'v',
  schema: ID_SCHEMA,
  'view-version': {
    'version-id': 1,
    'timestamp-ms': 1,
    'schema-id': 0,
    summary: {},
    representations: [{ type: 'sql', sql: 'select 1 id', dialect: 'spark' }],
    'default-namespace': ['sales'],
  },
  properties: {},
}

type Asked = { readonly method?: 'GET' | 'POST' | 'HEAD' | 'DELETE'; readonly key?: string; readonly type?: string }

/** Two catalogs of one service, with a table, a view and a neighbour's table. */
export async function startTwoCatalogs() {
  const { pointers, drops } = memoryCatalogs(['lake', 'other'])
  const io = memoryFileIO()
  const open = (name: string) =>
    internalCatalog({
      name,
      warehouse: `s3://b/${name}`,
      pointers,
      drops: { pointers: drops, retentionMs: 1e9 },
      io,
      clock: systemClock,
      random: seededRandom(7),
      onLeftover: (error) => assert.fail(String(error)),
    })
  const catalogs = { lake: open('lake'), other: open('other') }
  const server = await serveIcebergRest({
    findCatalog: findAmong({
      lake: buildOpened(catalogs.lake, { io }),
      other: buildOpened(catalogs.other, { io }),
    }),
    idempotency: new Idempotency(memoryAnsweredRequests(), systemClock, (error) => assert.fail(String(error))),
  })
  const ask = async (url: string, body?: unknown, { method, key, type = 'application/json' }: Asked = {}) => {
    const payload = typeof body === 'string' || Buffer.isBuffer(body) ? body : formatExactJson(body)
    const answer = await server.inject({
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      url,
      headers: {
        ...(body !== undefined && { 'content-type': type }),
        ...(key !== undefined && { 'idempotency-key': key }),
      },
      ...(body !== undefined && { payload }),
    })
    return { status: answer.statusCode, text: answer.body }
  }
  for (const name of ['lake', 'other']) {
    const at = `/v1/catalogs/${name}/namespaces`
    assert.equal((await ask(at, { namespace: ['sales'], properties: { owner: 'me' } })).status, 200)
    for (const table of ['orders', 'lines']) {
      assert.equal((await ask(`${at}/sales/tables`, { name: table, schema: ID_SCHEMA })).status, 200)
    }
    assert.equal((await ask(`${at}/sales/views`, VIEW)).status, 200)
  }
  const state = async () => {
    const lists = Object.keys(catalogs).flatMap((name) =>
      (['table', 'view'] as const).map((kind) => pointers.listPointers(name, ['sales'], kind, { limit: 1000 })),
    )
    const names = Object.keys(catalogs).map((name) => pointers.listNamespaces(name, [], { limit: 1000 }))
    const properties = Object.keys(catalogs).map((name) => pointers.findNamespace(name, ['sales']))
    const files = io
      .locations()
      .map(async (location) => [location, Buffer.from(await io.read(location)).toString('hex')])
    return Promise.all([lists, names, properties, files].map((each) => Promise.all(each as Promise<unknown>[])))
  }
  return { ask, state, io }
}

export type Refusal = { readonly status: number; readonly type: string; readonly says: RegExp }
export const BAD = { status: 400, type: 'BadRequestException' } as const
export const ILLEGAL = { status: 400, type: 'IllegalArgumentException' } as const
export const FAILED = { status: 409, type: 'CommitFailedException' } as const

export async function refused(what: string, request: Promise<{ status: number; text: string }>, expected: Refusal) {
  const { status, text } = await request
  const { error } = (text === '' ? {} : parseExactJson(text, what)) as { error?: JsonObject }
  assert.deepEqual(
    [status, error?.['code'], error?.['type']],
    [expected.status, expected.status, expected.type],
    `${what}: ${text.slice(0, 500)}`,
  )
  assert.match(String(error?.['message']), expected.says, what)
}

export type TwoCatalogs = Awaited<ReturnType<typeof startTwoCatalogs>>

/** A test of requests that are all refused. */
export function refusals(
  { ask, state }: TwoCatalogs,
  what: string,
  cases: readonly (readonly [path: string, body: unknown, refusal: Refusal, asked?: Asked])[],
): void {
  test(what, async () => {
    const before = await state()
    for (const [path, body, refusal, asked] of cases) {
      const shown = typeof body === 'string' ? body.slice(0, 200) : formatExactJson(body)?.slice(0, 200)
      await refused(`${path} ${shown}`, ask(path, body, asked), refusal)
      assert.deepEqual(await state(), before, `${path} ${shown} changed something`)
    }
  })
}

export const commit = (updates: unknown, requirements: unknown = []) => ({ requirements, updates })
export const settingProperties = (updates: unknown) => commit([{ action: 'set-properties', updates }])
