import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { must } from '@moraine/stdx/assert'
import { systemClock } from '@moraine/stdx/clock'
import { isKind } from '@moraine/stdx/error'
import { formatExactJson } from '@moraine/stdx/exact-json'
import { systemRandom } from '@moraine/stdx/random'
import type { FileIO } from '@moraine/storage/file-io'
import { openStorage } from '@moraine/storage/open-storage'
import type { StorageSettings } from '@moraine/storage/settings'
import { EXIT_UNAVAILABLE } from '../lab/json-lines-worker.ts'
import { runLeashed } from '../lab/leashed.ts'
import { type MoraineService, startService, untilAnswered } from '../lab/moraine.ts'
import { installAwsBundle } from '../lab/moto.ts'
import { type PyIceberg, startPyIceberg } from '../lab/pyiceberg.ts'
import { type Spark, startSpark } from '../lab/spark.ts'
import { startMinio, stopMinio } from '../storage/minio.ts'
import { untilCommitted } from './until-committed.ts'

// Tables on a real S3 server, of engines that know neither its keys nor its address: what they need the REST catalog tells
// them, as sessions of STS or by signing their requests. Meanwhile the service optimizes the tables with keys of its own.

const REFUSAL = /CommitFailedException|ValidationException/
const ROLE = 'arn:aws:iam::000000000000:role/lake'

const name = `vended-${process.pid}`
const minio = startMinio(name)
const bundle = installAwsBundle()
const s3fs = installS3fs()
// What engines find by themselves must not be what lets them in.
for (const key of Object.keys(process.env)) if (key.startsWith('AWS_')) delete process.env[key]
process.env['AWS_EC2_METADATA_DISABLED'] = 'true'
if (bundle.kind === 'started') process.env['SPARK_DIST_CLASSPATH'] = bundle.engine
if (s3fs !== undefined) process.env['PYTHONPATH'] = s3fs
// As docs/guides/access.md tells users: PyIceberg's threads and tables take each other's signer away otherwise.
process.env['FSSPEC_S3_SKIP_INSTANCE_CACHE'] = 'true'
const [spark, pyiceberg] = await Promise.all([startSpark(), startPyIceberg()])
const dataDir = mkdtempSync(`${tmpdir()}/moraine-vended-`)
const isAvailable = spark.kind === 'started' && pyiceberg.kind === 'started' && !('skip' in minio)
const service = isAvailable ? await startService(dataDir) : undefined
after(async () => {
  for (const started of [spark, pyiceberg]) if (started.kind === 'started') await started.engine.stop()
  await service?.stop()
  stopMinio(name)
  rmSync(dataDir, { recursive: true, force: true })
})

if (service !== undefined && spark.kind === 'started' && pyiceberg.kind === 'started' && !('skip' in minio)) {
  const lab: Lab = { service, spark: spark.engine, pyiceberg: pyiceberg.engine, settings: minio.settings }
  await register(lab, 'minio', { 'access-delegation': 'sts-credentials, remote-signing' })
  await register(lab, 'byhand', { 'access-delegation': 'remote-signing', 'access-delegation.role-arn': '' })
  for (const [engineCatalog, catalog, way] of [
    ['vended', 'minio', 'vended-credentials'],
    ['signed', 'minio', 'remote-signing'],
    ['bykeys', 'byhand', 'remote-signing'],
  ] as const) {
    const isNeeded = way === 'vended-credentials' || (s3fs !== undefined && bundle.kind === 'started')
    const skip = isNeeded ? false : 's3fs or the jar of AWS cannot be had here'
    test(
      `${engineCatalog}: PyIceberg and Spark write and read by ${way}, while the service optimizes`,
      {
        timeout: 300_000,
        skip,
      },
      (context) => writeAndRead(context, lab, { engineCatalog, catalog, way }),
    )
  }
  test(
    "PyIceberg's tables and threads have each a signer of their own",
    { timeout: 120_000, skip: s3fs === undefined ? 's3fs cannot be had here' : false },
    () => signedInTurns(lab),
  )
  test('keys of one table open no other, and a bucket is not theirs', () => boundToTable(lab))
  test('signatures are for the files of the table alone', () => boundSignatures(lab))
  test('what a client adds to a signed request stays within the table, where there is a role', (context) =>
    addedCopy(context, lab))
  test('catalogs that could not give what they promise are not registered', () => refusedCatalogs(lab))
} else {
  const why = 'skip' in minio ? minio.skip : [spark, pyiceberg].find(({ kind }) => kind === 'unavailable')
  test('vended credentials', (context) => context.skip(JSON.stringify(why)))
}

type Lab = {
  readonly service: MoraineService
  readonly spark: Spark
  readonly pyiceberg: PyIceberg
  readonly settings: StorageSettings
}

async function writeAndRead(
  context: TestContext,
  { service, spark, pyiceberg, settings }: Lab,
  { engineCatalog, catalog, way }: { readonly engineCatalog: string; readonly catalog: string; readonly way: string },
): Promise<void> {
  const { signal } = context
  const uri = `${service.url}/api/iceberg/rest`
  const properties = { type: 'rest', uri, warehouse: catalog, 'header.X-Iceberg-Access-Delegation': way }
  await pyiceberg.addCatalog(engineCatalog, properties)
  await spark.addCatalog(engineCatalog, { ...properties, 'io-impl': 'org.apache.iceberg.aws.s3.S3FileIO' })
  const db = `db_${engineCatalog}`
  const table = [engineCatalog, db, 'events']
  const fields = [
    { id: 1, name: 'id', required: false, type: 'long' },
    { id: 2, name: 'who', required: false, type: 'string' },
  ]
  const atOnce = { 'self-optimizing.min-plan-interval': '0' }
  await pyiceberg.create({ table, schema: { type: 'struct', 'schema-id': 0, fields }, properties: atOnce })
  const expected: string[] = []
  for (let at = 0; at < 4; at += 1) {
    await untilCommitted(() => pyiceberg.append({ table, rows: [{ id: at, who: 'py' }] }, signal), REFUSAL, signal)
    await untilCommitted(
      () => spark.sql(`INSERT INTO ${engineCatalog}.${db}.events VALUES (${at}, 'spark')`),
      REFUSAL,
      signal,
    )
    expected.push(`{"id":${at},"who":"py"}`, `{"id":${at},"who":"spark"}`)
  }
  const readByBoth = async () => {
    await spark.sql(`REFRESH TABLE ${engineCatalog}.${db}.events`)
    assert.deepEqual(await pyiceberg.readRows({ table }), expected.toSorted(), 'PyIceberg')
    assert.deepEqual(await spark.readRows({ table: `${engineCatalog}.${db}.events` }), expected.toSorted(), 'Spark')
  }
  await readByBoth()
  const asked = { catalog, db, table: 'events' }
  await untilAnswered(async () => (await service.requestOptimizing(asked, 'full')) || undefined, signal)
  const processes = await untilAnswered(() => service.findSettled(asked), signal)
  const rewrites = processes.filter(({ state }) => state.status === 'succeeded').length
  assert.ok(rewrites > 0, JSON.stringify(processes))
  await readByBoth()
  // Staged, written and created; a delete that rewrites; and files removed by S3's bulk deletion.
  await spark.sql(
    `CREATE TABLE ${engineCatalog}.${db}.copied USING iceberg AS SELECT * FROM ${engineCatalog}.${db}.events`,
  )
  await spark.sql(`DELETE FROM ${engineCatalog}.${db}.copied WHERE who = 'py'`)
  assert.equal((await spark.readRows({ table: `${engineCatalog}.${db}.copied` })).length, 4)
  await spark.sql(
    `CALL ${engineCatalog}.system.expire_snapshots(table => '${db}.copied', older_than => TIMESTAMP '2100-01-01 00:00:00', retain_last => 1)`,
  )
  const copied = `${engineCatalog}.${db}.copied`
  assert.equal((await spark.readRows({ table: copied })).length, 4)
  const { rows } = await spark.query(`SELECT file_path FROM ${copied}.files`)
  const [data = ''] = /^.*\/copied[^/]*\/data\//.exec(String(rows[0]?.[0])) ?? []
  const live = rows.map(([file]) => String(file).slice(data.length)).sort()
  assert.deepEqual(await listed(storageOf(settings), data), live, 'what expired is gone')
  context.diagnostic(`${rewrites} rewrites`)
}

async function signedInTurns(lab: Lab): Promise<void> {
  for (const table of ['one', 'two']) await createTable(lab, table)
  const script = ['python', 'interop/rest/signed_in_turns.py']
  const args = [...script, `${lab.service.url}/api/iceberg/rest`, 'minio', 'db.one', 'db.two']
  const { code, stdout, stderr } = await runLeashed('interop/lab/pyiceberg.sh', args)
  assert.equal(code, 0, stderr)
  assert.equal(stdout, '[0, 1]\n[0, 1]\n')
}

async function boundToTable(lab: Lab): Promise<void> {
  const { service, settings } = lab
  const [first, second] = [await createTable(lab, 'first'), await createTable(lab, 'second')]
  const own = storageOf(settings)
  for (const { location } of [first, second]) await own.write(`${location}/data/f`, Buffer.from('rows'))
  const vended = storageOf(must(first.config, 'credentials'))
  assert.equal(Buffer.from(await vended.read(`${first.location}/data/f`)).toString(), 'rows')
  await vended.write(`${first.location}/data/g`, Buffer.from('more'))
  assert.deepEqual(await listed(vended, `${first.location}/data/`), ['f', 'g'])
  await vended.remove([`${first.location}/data/g`])
  const warehouse = must(settings['warehouse'], 'warehouse')
  await refused(vended.read(`${second.location}/data/f`))
  await refused(vended.write(`${second.location}/data/g`, Buffer.from('x')))
  await refused(vended.write(`${first.location}x`, Buffer.from('x')))
  await refused(vended.remove([`${second.location}/data/f`]))
  for (const prefix of [`${second.location}/`, `${warehouse}/`, 's3://lab/']) await refused(listed(vended, prefix))
  const renewed = await fetch(
    `${service.url}/api/iceberg/rest/${first.config?.['client.refresh-credentials-endpoint']}`,
  )
  assert.equal(renewed.headers.get('cache-control'), 'no-store')
  const { 'storage-credentials': [credential] = [] } = (await renewed.json()) as Loaded
  assert.equal(credential?.prefix, `${first.location}/`)
  const again = storageOf(must(credential?.config, 'credentials'))
  assert.equal((await again.stat(`${first.location}/data/f`))?.sizeBytes, 4)
}

async function boundSignatures(lab: Lab): Promise<void> {
  const { location } = await createTable(lab, 'bound')
  const path = location.replace('s3://', '')
  const endpoint = must(lab.settings['s3.endpoint'], 'endpoint')
  const put = await sign(lab, 'minio', 'bound', 'PUT', `${endpoint}/${path}/data/f%20%C3%BC`)
  assert.equal(put.status, 200, JSON.stringify(put))
  assert.equal((await fetch(put.uri, { method: 'PUT', headers: put.headers, body: 'rows' })).status, 200)
  const get = await sign(lab, 'minio', 'bound', 'GET', `${endpoint}/${path}/data/f%20%C3%BC`)
  assert.equal(await (await fetch(get.uri, { headers: get.headers })).text(), 'rows')
  assert.equal(get.cacheControl, 'private')
  for (const [method, uri] of [
    ['GET', `${endpoint}/lab/warehouse/db/first/data/f`],
    ['GET', `${endpoint}/${path}/../first/data/f`],
    ['GET', `${endpoint}/lab?list-type=2`],
    ['PUT', `${endpoint}/${path}/data/f?acl`],
    ['DELETE', `${endpoint}/lab/warehouse/db/first/data/f`],
  ] as const)
    assert.equal((await sign(lab, 'minio', 'bound', method, uri)).status, 403, `${method} ${uri}`)
}

/** S3 itself refuses headers beginning with `x-amz-` that are not signed; not every server does. */
async function addedCopy(context: TestContext, lab: Lab): Promise<void> {
  const { location } = await createTable(lab, 'copying')
  const { location: other } = await createTable(lab, 'copied')
  const endpoint = must(lab.settings['s3.endpoint'], 'endpoint')
  await storageOf(lab.settings).write(`${other}/data/f`, Buffer.from('not theirs'))
  const put = await sign(lab, 'minio', 'copying', 'PUT', `${endpoint}/${location.replace('s3://', '')}/data/stolen`)
  const headers = { ...put.headers, 'x-amz-copy-source': `/${other.replace('s3://', '')}/data/f` }
  const { status } = await fetch(put.uri, { method: 'PUT', headers })
  context.diagnostic(`answered ${status}`)
  assert.equal(status, 403)
}

async function refusedCatalogs(lab: Lab): Promise<void> {
  for (const [properties, named] of [
    [{ 'access-delegation': 'magic' }, /magic.* is none of them/],
    [{ 'access-delegation': 'sts-credentials', 'access-delegation.role-arn': '' }, /role-arn/],
    [
      { 'access-delegation': 'static-credentials', 's3.access-key-id': '', 's3.secret-access-key': '' },
      /s3\.access-key-id/,
    ],
  ] as const) {
    const { status, text } = await registering(lab, 'refused', properties)
    assert.notEqual(status, 200)
    assert.match(text, named)
  }
}

type Loaded = {
  readonly config?: StorageSettings
  readonly metadata: { readonly location: string }
  readonly 'storage-credentials'?: readonly { readonly prefix: string; readonly config: StorageSettings }[]
}

async function createTable({ service }: Lab, table: string): Promise<{ location: string; config?: StorageSettings }> {
  const base = `${service.url}/api/iceberg/rest/v1/catalogs/minio/namespaces`
  const headers = { 'content-type': 'application/json', 'x-iceberg-access-delegation': 'vended-credentials' }
  const post = (url: string, body: object) => fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
  await post(base, { namespace: ['db'] })
  const schema = { type: 'struct', fields: [{ id: 1, name: 'a', required: false, type: 'int' }] }
  const answer = await post(`${base}/db/tables`, { name: table, schema })
  assert.equal(answer.status, 200, await answer.clone().text())
  const { config, metadata } = (await answer.json()) as Loaded
  return { location: metadata.location, ...(config && { config }) }
}

type Signed = {
  readonly status: number
  readonly uri: string
  readonly headers: Record<string, string>
  readonly cacheControl: string | null
}

async function sign({ service }: Lab, catalog: string, table: string, method: string, uri: string): Promise<Signed> {
  const url = `${service.url}/api/iceberg/rest/v1/catalogs/${catalog}/namespaces/db/tables/${table}/sign`
  const body = JSON.stringify({ method, uri, region: 'us-east-1', headers: {} })
  const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  const json = (await answer.json()) as { uri?: string; headers?: Record<string, readonly string[]> }
  const headers = Object.entries(json.headers ?? {}).map(([key, values]) => [key, values.join(', ')])
  const cacheControl = answer.headers.get('cache-control')
  return { status: answer.status, uri: json.uri ?? '', headers: Object.fromEntries(headers), cacheControl }
}

async function register(lab: Lab, catalog: string, properties: StorageSettings): Promise<void> {
  const { status, text } = await registering(lab, catalog, properties)
  assert.equal(status, 200, text)
}

async function registering(
  { service, settings }: Lab,
  catalog: string,
  properties: StorageSettings,
): Promise<{ status: number; text: string }> {
  const all = { ...settings, warehouse: `s3://lab/${catalog}`, 'access-delegation.role-arn': ROLE, ...properties }
  const answer = await fetch(`${service.url}/api/ams/v1/catalogs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: formatExactJson({
      ...{ name: catalog, type: 'ams', optimizerGroup: 'default', tableFormatList: ['ICEBERG'] },
      ...{ storageConfig: { 'storage.type': 'S3' }, authConfig: { 'auth.type': 'CUSTOM' }, properties: all },
    }),
  })
  return { status: answer.status, text: await answer.text() }
}

function storageOf(settings: StorageSettings): FileIO {
  return openStorage(settings, { clock: systemClock, random: systemRandom })
}

async function listed(io: FileIO, prefix: string): Promise<readonly string[]> {
  const names: string[] = []
  for await (const { location } of io.list(prefix)) names.push(location.slice(prefix.length))
  return names.sort()
}

async function refused(work: Promise<unknown>): Promise<void> {
  await assert.rejects(work, (error) => isKind(error, 'permission'))
}

/** Where PyIceberg finds s3fs. */
function installS3fs(): string | undefined {
  const script = fileURLToPath(new URL('vended-credentials-s3fs.sh', import.meta.url))
  const { status, stdout, stderr } = spawnSync(script, { encoding: 'utf8' })
  if (status === EXIT_UNAVAILABLE) return undefined
  assert.equal(status, 0, stderr)
  return stdout.trim()
}
