import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { internalCatalog } from '@moraine/catalogs/internal/internal-catalog'
import { T0 } from '@moraine/management/testing/build'
import { must } from '@moraine/stdx/assert'
import { systemRandom } from '@moraine/stdx/random'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { buildOpened, findAmong } from '../../catalogs/testing/build-opened.ts'
import { buildRegistry } from '../../catalogs/testing/build-registry.ts'
import { buildHttpServer } from '../http-server.ts'
import { buildOptions } from '../testing/build-options.ts'
import { differences } from '../testing/json-shape.ts'

type Recorded = {
  readonly transcript: string
  /** GET if absent. */
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly path: string
  readonly body?: object
  /** Absent of a refusal, which Amoro sends as HTTP 200 with `code` 500. */
  readonly result?: unknown
}

const RECORDED = JSON.parse(
  readFileSync(new URL('./fixtures/amoro-catalogs.json', import.meta.url), 'utf8'),
) as readonly Recorded[]

/** With which status refusals come here, and one that Amoro answers with an empty list. */
const REFUSALS: Readonly<Record<string, number>> = {
  '23-catalog-create-duplicate': 409,
  '25b-catalog-get-missing': 404,
  '32-files-upload-bad': 400,
  '71b-tables-missing-db': 404,
  '85-missing-table-details': 404,
}

/** What Amoro refuses with the text of an error of its own, of a folder of tables that is empty yet. */
const ANSWERED_HERE: Readonly<Record<string, unknown>> = { '70b-databases-filter': [] }

/** Words beside Amoro's. */
const MORE: Readonly<Record<string, readonly string[]>> = {
  '11-metastore-filesystem-table-formats': ['HUDI'],
  '12-metastore-ams-storage-types': ['ADLS', 'GCS'],
  '12-metastore-custom-storage-types': ['ADLS', 'GCS'],
  '12-metastore-filesystem-storage-types': ['ADLS', 'GCS'],
  '12-metastore-rest-storage-types': ['ADLS', 'GCS'],
}

const SITE = must(
  RECORDED.find(({ transcript }) => transcript === '31-files-download'),
  'the file',
).result as string
const FILES: Readonly<Record<string, string>> = { '30-files-upload': SITE, '32-files-upload-bad': 'not xml <' }

async function setUp() {
  const stores = memoryStores()
  await stores.groups.saveGroup({ name: 'local', container: 'local', properties: {} })
  const io = memoryFileIO()
  const clock = virtualClock(T0)
  const catalog = internalCatalog({
    ...{ name: 'ams_ice', warehouse: '/lake/ice', pointers: stores.pointers, io, clock, random: systemRandom },
    onLeftover: (error) => assert.fail(String(error)),
  })
  return buildHttpServer(
    buildOptions({
      ...{ stores, clock },
      registry: buildRegistry(stores).registry,
      findCatalog: findAmong({ ams_ice: buildOpened(catalog) }),
      listing: { listDatabases: async () => [], listTables: async () => [] },
    }),
  )
}

const server = await setUp()
let fileUrl = ''

async function send({ transcript, method = 'GET', path, body }: Recorded) {
  const content = FILES[transcript]
  if (content === undefined) {
    const url = path.startsWith('/files/') ? fileUrl : `/api/ams/v1${path}`
    return server.inject({ method, url, ...(body && { payload: body }) })
  }
  const form = new FormData()
  form.append('file', new File([content], 'core-site.xml'))
  const request = new Request('http://h', { method: 'POST', body: form })
  const headers = { 'content-type': request.headers.get('content-type') ?? '' }
  const payload = Buffer.from(await request.arrayBuffer())
  return server.inject({ method: 'POST', url: `/api/ams/v1${path}`, headers, payload })
}

function judge({ transcript, result }: Recorded, found: unknown): void {
  if (transcript === '30-files-upload') {
    // Ids are drawn here, not counted.
    assert.deepEqual(differences({ id: 'string', url: 'string' }, found), [])
    fileUrl = (found as { readonly url: string }).url
  } else if (Array.isArray(result)) {
    const more = MORE[transcript] ?? []
    assert.deepEqual((found as readonly string[]).toSorted(), [...(result as readonly string[]), ...more].sort())
  } else assert.deepEqual(found, result)
}

for (const recorded of RECORDED) {
  const { transcript } = recorded
  const refusal = REFUSALS[transcript]
  test(`${transcript} is ${refusal === undefined ? "answered with Amoro's own words" : 'refused'}`, async () => {
    const answer = await send(recorded)
    assert.equal(answer.statusCode, refusal ?? 200, answer.body)
    if (transcript === '31-files-download') return assert.equal(answer.body, recorded.result)
    const { code, message, result, requestId } = answer.json()
    if (refusal !== undefined)
      return assert.deepEqual([code, typeof message, typeof requestId], [refusal, 'string', 'string'])
    assert.deepEqual([code, message], [200, 'success'])
    judge(transcript in ANSWERED_HERE ? { ...recorded, result: ANSWERED_HERE[transcript] } : recorded, result)
  })
}
