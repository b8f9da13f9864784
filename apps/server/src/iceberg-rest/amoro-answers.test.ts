import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { internalCatalog } from '@moraine/catalogs/internal/internal-catalog'
import { systemClock } from '@moraine/stdx/clock'
import { systemRandom } from '@moraine/stdx/random'
import { openFixture } from '@moraine/testkit/fixtures/fixture-table'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import { memoryCatalogs } from '@moraine/testkit/memory-stores/memory-catalogs'
import { buildOpened, findAmong } from '../catalogs/testing/build-opened.ts'
import { differences, type JsonShape } from '../http/testing/json-shape.ts'
import { serveIcebergRest } from './testing/serve-iceberg-rest.ts'

type Recorded = {
  readonly transcript: string
  /** GET if absent. */
  readonly method?: 'GET' | 'POST' | 'HEAD' | 'DELETE'
  readonly path: string
  readonly body?: object
  readonly status: number
  /** The type of the error; absent of what was done. */
  readonly error?: string
  /** Absent of an answer without a body. */
  readonly answer?: JsonShape
}

const RECORDED = JSON.parse(
  readFileSync(new URL('./fixtures/amoro-answers.json', import.meta.url), 'utf8'),
) as readonly Recorded[]

const BASE = '/api/iceberg/rest'
const RECORDED_UUID = '192fd8a4-5730-43c3-bdfe-9e715a4137b8'
/** The table has been renamed here by then. */
const PATHS_HERE: Readonly<Record<string, readonly [from: string, to: string]>> = {
  '61-irc-table-drop': ['/t1?', '/t2?'],
}

/** What is answered here as the protocol has it, where Amoro does not. docs/specs/management-api.md has the reasons. */
const OTHERWISE: Readonly<Record<string, Partial<Pick<Recorded, 'status' | 'error' | 'answer'>>>> = {
  '40-irc-config-no-warehouse': { status: 400, error: 'BadRequestException' },
  '41-irc-config': { answer: { defaults: {}, overrides: { prefix: 'string' } } },
  '42-irc-config-missing': { error: 'NoSuchWarehouseException' },
  '47b-irc-namespace-head': { status: 204 },
  '54-irc-table-load-missing': { error: 'NoSuchTableException' },
  '59-irc-table-rename': { status: 204 },
  '62-irc-views': { status: 200, answer: { identifiers: [] } },
  '63-irc-namespace-drop': { status: 204 },
}

/** A catalog of the recorded name, in which a table of another engine stands for the recorded one. */
async function setUp() {
  const io = memoryFileIO()
  const { pointers, drops } = memoryCatalogs(['ams_ice'])
  const catalog = internalCatalog({
    ...{ name: 'ams_ice', warehouse: '/lake/ice', pointers, drops: { pointers: drops, retentionMs: 1e9 }, io },
    ...{ clock: systemClock, random: systemRandom, allowsExternalLocations: true },
    onLeftover: (error) => assert.fail(String(error)),
  })
  const fixture = await openFixture('pyiceberg-partitioned')
  await io.write(fixture.metadataLocation, await fixture.fileIO.read(fixture.metadataLocation))
  const addTables = async () => {
    await catalog.createNamespace(['gold'])
    await catalog.registerTable({ namespace: ['gold'], name: 'orders' }, fixture.metadataLocation)
  }
  const server = await serveIcebergRest({ prefix: BASE, findCatalog: findAmong({ ams_ice: buildOpened(catalog) }) })
  return { server, addTables }
}

const { server, addTables } = await setUp()
let uuid = ''

for (const recorded of RECORDED) {
  const { transcript, method = 'GET', path, body } = recorded
  const otherwise = OTHERWISE[transcript]
  test(`${transcript} is answered ${otherwise === undefined ? 'as by Amoro' : 'as the protocol has it'}`, async () => {
    if (transcript === '89-irc-tables') await addTables()
    const { status, error, answer } = { ...recorded, ...otherwise }
    const sent = await server.inject({
      method,
      url: `${BASE}/v1${path.replace(...(PATHS_HERE[transcript] ?? ['', '']))}`,
      ...(body && {
        headers: { 'content-type': 'application/json' },
        payload: JSON.stringify(body).replace(RECORDED_UUID, uuid),
      }),
    })
    assert.equal(sent.statusCode, status, sent.body)
    const found = sent.body === '' ? undefined : sent.json()
    if (error !== undefined && status >= 400)
      return assert.deepEqual([found.error.type, found.error.code], [error, status])
    if (answer === undefined) return assert.equal(found, undefined)
    assert.deepEqual(differences(answer, found), [])
    if (transcript === '50-irc-table-create') uuid = found.metadata['table-uuid']
  })
}
