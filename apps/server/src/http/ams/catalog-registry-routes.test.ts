import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connectionProperties } from '@moraine/management/catalogs/catalog-connection'
import type { TableName } from '@moraine/management/records/table-name'
import { T0 } from '@moraine/management/testing/build'
import { later } from '@moraine/stdx/brand'
import { isStorageSetting } from '@moraine/storage/settings'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { sealCatalog, unsealCatalog } from '../../catalogs/catalog-secrets.ts'
import type { ConnectionReport } from '../../catalogs/test-connection.ts'
import { buildRegistry } from '../../catalogs/testing/build-registry.ts'
import { buildHttpServer } from '../http-server.ts'
import { buildOptions } from '../testing/build-options.ts'

async function setUp() {
  const stores = memoryStores()
  const failing: { report: ConnectionReport } = { report: { passed: true, steps: [] } }
  for (const name of ['default', 'local']) await stores.groups.saveGroup({ name, container: 'local', properties: {} })
  const { registry, vault, changed, tested, warnings } = buildRegistry(stores, () => failing.report)
  const server = await buildHttpServer(buildOptions({ stores, registry }))
  const answers: string[] = []
  const call = async (method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, payload?: object) => {
    const answer = await server.inject({ method, url: `/api/ams/v1${path}`, ...(payload && { payload }) })
    answers.push(answer.body)
    const body = answer.json()
    assert.equal(body.code, answer.statusCode)
    return { status: answer.statusCode, result: body.result, message: body.message as string }
  }
  const plain = async (name: string) => {
    const found = await stores.catalogs.findCatalog(name)
    return found && unsealCatalog(found, vault)
  }
  return { stores, server, call, plain, vault, changed, tested, warnings, failing, answers }
}

/** As Amoro's own form sends it. */
const FILES = {
  name: 'fs_ice',
  type: 'filesystem',
  optimizerGroup: 'local',
  tableFormatList: ['ICEBERG'],
  storageConfig: { 'storage.type': 'Hadoop', 'hadoop.core.site': '', 'hadoop.hdfs.site': '' },
  authConfig: { 'auth.type': 'SIMPLE', 'auth.simple.hadoop_username': 'root' },
  properties: { warehouse: '/lake/fs' },
  tableProperties: { 'self-optimizing.quota': '0.5' },
}

const FAR = {
  name: 'far',
  type: 'glue',
  optimizerGroup: 'default',
  tableFormatList: ['ICEBERG'],
  storageConfig: { 'storage.type': 'S3', 'storage.s3.region': 'eu-west-1' },
  authConfig: { 'auth.type': 'AK/SK', 'auth.ak_sk.access_key': 'hunter-id', 'auth.ak_sk.secret_key': 'hunter-key' },
  properties: { warehouse: 's3://b/hidden', 'glue.session-token': 'hunter-token' },
  tableProperties: {},
}

test('what Amoro answers about types is answered, and jdbc beside it', async () => {
  const { call } = await setUp()
  assert.deepEqual((await call('GET', '/catalogs/metastore/types')).result, [
    { value: 'ams', display: 'Internal' },
    { value: 'hive', display: 'Hive' },
    { value: 'filesystem', display: 'FileSystem' },
    { value: 'glue', display: 'Glue' },
    { value: 'rest', display: 'REST' },
    { value: 'custom', display: 'Custom' },
    { value: 'jdbc', display: 'JDBC' },
  ])
  assert.deepEqual((await call('GET', '/catalogs/metastore/rest/table-formats')).result, ['ICEBERG', 'MIXED_ICEBERG'])
  assert.deepEqual((await call('GET', '/catalogs/metastore/hive/storage-types')).result, ['Hadoop'])
  assert.equal((await call('GET', '/catalogs/metastore/nessie/storage-types')).status, 400)
})

test('each type says which properties it needs, and which it takes', async () => {
  const { call } = await setUp()
  const of = async (type: string) => (await call('GET', `/catalogs/metastore/${type}/properties`)).result
  const { required, optional, elsewhere, common } = await of('jdbc')
  assert.deepEqual([required, elsewhere], [['uri', 'warehouse'], {}])
  assert.ok(optional.includes('jdbc.schema-version') && common.includes('table-filter'))
  assert.deepEqual((await of('hive')).elsewhere, { uri: 'hive.metastore.uris in storageConfig.hive.site' })
  for (const { value } of (await call('GET', '/catalogs/metastore/types')).result) {
    const { required: needs } = await of(value)
    const refused = await call('POST', '/catalogs', {
      name: 'x',
      type: value,
      optimizerGroup: 'default',
      properties: {},
    })
    assert.match(refused.message, new RegExp(`^properties\\.${needs[0]} is missing`), value)
  }
  assert.equal((await call('GET', '/catalogs/metastore/nessie/properties')).status, 400)
})

test('each kind of storage is described by all that may be said for it', async () => {
  const { call } = await setUp()
  const { result } = await call('GET', '/catalogs/metastore/filesystem/storages')
  const found = new Map(result.map((entry: { readonly value: string }) => [entry.value, entry]))
  assert.deepEqual([...found.keys()], (await call('GET', '/catalogs/metastore/filesystem/storage-types')).result)
  assert.deepEqual(found.get('GCS'), {
    value: 'GCS',
    formats: ['ICEBERG'],
    schemes: ['gs'],
    settings: ['storage.gcs.endpoint'],
    authTypes: ['CUSTOM'],
    properties: ['gcs.service.host', 'gcs.oauth2.token', 'gcs.no-auth', 'gcs.project-id'],
  })
  assert.deepEqual(found.get('Local'), {
    value: 'Local',
    formats: ['ICEBERG', 'LANCE'],
    schemes: ['file'],
    settings: [],
    authTypes: ['SIMPLE', 'CUSTOM'],
    properties: ['local.folders'],
  })
  for (const entry of result) assert.ok(entry.properties.every(isStorageSetting), entry.value)
  assert.equal((await call('GET', '/catalogs/metastore/nessie/storages')).status, 400)
})

test("a catalog in Google's store or in Azure's is registered with what each takes", async () => {
  const { call, plain } = await setUp()
  const { storageConfig: _, authConfig: __, ...least } = FILES
  const register = async (form: object) => {
    const { status, message } = await call('POST', '/catalogs', { ...least, ...form })
    assert.equal(status, 200, message)
  }
  await register({ name: 'google', properties: { warehouse: 'gs://b/wh', 'gcs.oauth2.token': 'hunter-token' } })
  const warehouse = 'abfss://c@acc.dfs.core.windows.net/wh'
  const authConfig = { 'auth.type': 'AK/SK', 'auth.ak_sk.access_key': 'acc', 'auth.ak_sk.secret_key': 'hunter-key' }
  await register({ name: 'azure', properties: { warehouse }, authConfig })
  const shown = async (name: string) => (await call('GET', `/catalogs/${name}`)).result
  assert.deepEqual((await shown('google')).storageConfig, { 'storage.type': 'GCS' })
  assert.deepEqual((await shown('google')).secretsSet, ['properties/gcs.oauth2.token'])
  assert.deepEqual((await shown('azure')).storageConfig, { 'storage.type': 'ADLS' })
  const azure = await plain('azure')
  assert.ok(azure)
  assert.equal(connectionProperties(azure)['adls.auth.shared-key.account.key'], 'hunter-key')
})

test('tables in the folders of a bucket are registered with the keys of its store', async () => {
  const { call, plain } = await setUp()
  const { storageConfig, authConfig } = FAR
  const lake = { ...FILES, name: 'bucket', storageConfig, authConfig, properties: { warehouse: 's3://b/lake' } }
  const { status, message } = await call('POST', '/catalogs', lake)
  assert.equal(status, 200, message)
  const kept = await plain('bucket')
  assert.deepEqual(
    [kept?.type, kept?.storageConfig['storage.type'], kept?.authConfig['auth.ak_sk.secret_key']],
    ['filesystem', 'S3', 'hunter-key'],
  )
  const mixed = await call('POST', '/catalogs', { ...lake, name: 'mixed', tableFormatList: ['MIXED_ICEBERG'] })
  assert.match(
    mixed.message,
    /type filesystem on S3 storage has no 'MIXED_ICEBERG'; choose of ICEBERG, PAIMON, HUDI, LANCE/,
  )
})

test('a catalog is registered, shown, listed, changed and removed, in the shapes of Amoro', async () => {
  const { call, changed } = await setUp()
  assert.deepEqual(await call('POST', '/catalogs', FILES), { status: 200, result: '', message: 'success' })
  const again = await call('POST', '/catalogs', FILES)
  assert.deepEqual([again.status, again.message.includes("there is a catalog 'fs_ice' already")], [409, true])
  const folded = await call('POST', '/catalogs', { ...FILES, name: 'FS_ice' })
  assert.deepEqual(
    [folded.status, folded.message.includes("'fs_ice' already; choose a name that differs in more")],
    [409, true],
  )
  assert.equal((await call('GET', '/catalogs/FS_ice')).status, 404)
  const { secretsSet, version, ...shown } = (await call('GET', '/catalogs/fs_ice')).result
  assert.equal(version, 1)
  const none = { fileName: '', fileUrl: '' }
  assert.deepEqual(shown, {
    ...FILES,
    storageConfig: {
      'storage.type': 'Hadoop',
      'hive.site': none,
      'hadoop.core.site': none,
      'hadoop.hdfs.site': none,
    },
  })
  assert.deepEqual(secretsSet, [])
  assert.deepEqual((await call('GET', '/catalogs')).result, [
    {
      catalogName: 'fs_ice',
      catalogType: 'filesystem',
      storageConfigs: { 'storage.type': 'Hadoop' },
      authConfigs: { 'auth.type': 'simple', 'auth.simple.hadoop_username': 'root' },
      catalogProperties: {
        warehouse: '/lake/fs',
        'table.self-optimizing.quota': '0.5',
        'table.self-optimizing.group': 'local',
        'table-formats': 'ICEBERG',
      },
    },
  ])
  // The path names the catalog, whatever the body says; what is shown can be sent back.
  const update = await call('PUT', '/catalogs/fs_ice', { ...shown, name: 'other', tableProperties: {} })
  assert.deepEqual(update, { status: 200, result: null, message: 'success' })
  assert.deepEqual((await call('GET', '/catalogs/fs_ice')).result.tableProperties, {})
  assert.equal((await call('GET', '/catalogs/other')).status, 404)
  assert.equal((await call('GET', '/catalogs/fs_ice/delete/check')).result, true)
  assert.deepEqual((await call('DELETE', '/catalogs/fs_ice')).result, 'OK')
  for (const method of ['GET', 'DELETE'] as const) assert.equal((await call(method, '/catalogs/fs_ice')).status, 404)
  assert.deepEqual(changed, ['fs_ice', 'fs_ice and its defaults', 'fs_ice'])
})

test('a secret that is masked or left out stays, one that is given counts, an empty one is gone', async () => {
  const { call, plain } = await setUp()
  await call('POST', '/catalogs', FAR)
  const shown = (await call('GET', '/catalogs/far')).result
  assert.deepEqual(shown.authConfig, {
    'auth.type': 'AK/SK',
    'auth.ak_sk.access_key': '********',
    'auth.ak_sk.secret_key': '********',
  })
  assert.deepEqual(shown.secretsSet, [
    'authConfig/auth.ak_sk.access_key',
    'authConfig/auth.ak_sk.secret_key',
    'properties/glue.session-token',
  ])
  const before = await plain('far')
  await call('PUT', '/catalogs/far', shown)
  assert.deepEqual(await plain('far'), before)
  const { authConfig: _, storageConfig: __, ...least } = FAR
  assert.equal((await call('PUT', '/catalogs/far', { ...least, properties: { warehouse: 's3://b' } })).status, 200)
  const kept = await plain('far')
  assert.deepEqual(kept?.authConfig, before?.authConfig)
  assert.deepEqual(kept?.storageConfig, { 'storage.type': 'S3' })
  await call('PUT', '/catalogs/far', shown)
  const without = { ...FAR, authConfig: { 'auth.type': 'AK/SK' }, properties: { warehouse: 's3://b' } }
  assert.equal((await call('PUT', '/catalogs/far', without)).status, 200)
  assert.deepEqual(await plain('far'), { ...before, properties: { ...before?.properties, warehouse: 's3://b' } })
  const given = { warehouse: 's3://b', 'glue.session-token': '' }
  const authConfig = { ...shown.authConfig, 'auth.ak_sk.secret_key': 'hunter-new' }
  await call('PUT', '/catalogs/far', { ...FAR, authConfig, properties: given })
  const after = await plain('far')
  assert.equal(after?.authConfig['auth.ak_sk.secret_key'], 'hunter-new')
  assert.equal(after?.authConfig['auth.ak_sk.access_key'], 'hunter-id')
  assert.equal('glue.session-token' in (after?.properties ?? {}), false)
  // Another way to sign in has no use for the keys.
  await call('PUT', '/catalogs/far', { ...FAR, authConfig: { 'auth.type': 'CUSTOM' }, properties: given })
  assert.deepEqual((await plain('far'))?.authConfig, { 'auth.type': 'custom' })
})

test('what cannot be is refused with the field and the remedy, and nothing is stored', async () => {
  const { call, stores } = await setUp()
  await call('POST', '/catalogs', { ...FILES, name: 'taken' })
  const cases: readonly (readonly [change: object, message: RegExp])[] = [
    [{ name: 'a/b' }, /^name: a catalog is named with/],
    [{ type: 'nessie' }, /^type: there is no catalog type 'nessie'; choose of ams/],
    [
      { tableFormatList: ['ICEBERG', 'LANCE'] },
      /^tableFormatList: type filesystem on Hadoop storage has no 'LANCE'; choose of/,
    ],
    [{ storageConfig: { 'storage.type': 'COS' } }, /^storageConfig.storage.type: type filesystem has no 'COS'/],
    [{ storageConfig: { 'storage.type': 'GCS' } }, /^properties.warehouse: on GCS storage it begins with gs:/],
    [{ properties: { warehouse: 'gs://b/wh' } }, /^storageConfig.storage.type is Hadoop, and .* is GCS's; say GCS/],
    [{ properties: {} }, /^properties.warehouse is missing/],
    [{ properties: { warehouse: '/a', 'table-filter': '(' } }, /^properties.table-filter is no regular expression/],
    [
      { properties: { warehouse: '/a', token: '********' } },
      /^properties.token is the mask of a secret that is not set/,
    ],
    [{ authConfig: { 'auth.type': 'KERBEROS' } }, /Kerberos is not supported/],
    [
      { authConfig: { 'auth.type': 'AK/SK', 'auth.ak_sk.access_key': 'x' } },
      /^authConfig.auth.ak_sk.secret_key is missing/,
    ],
    [{ type: 'hive', properties: {} }, /^properties.uri is missing; name the metastore/],
    [{ type: 'hive', storageConfig: { 'storage.type': 'Hadoop', 'hive.site': '17' } }, /no uploaded file 17/],
    ...WRONG_VALUES,
  ]
  for (const [change, message] of cases) {
    const { status, message: found } = await call('POST', '/catalogs', { ...FILES, ...change })
    assert.ok(status === 400 || status === 501, `${status} ${found}`)
    assert.match(found, message)
  }
  const retyped = await call('PUT', '/catalogs/taken', { ...FILES, type: 'ams' })
  assert.deepEqual([retyped.status, /of type filesystem, which cannot change/.test(retyped.message)], [400, true])
  assert.equal((await stores.catalogs.listCatalogs()).length, 1)
})

/** Each would be wrong of every table of the catalog, and be seen at the first of them. */
const WRONG_VALUES: readonly (readonly [change: object, message: RegExp])[] = [
  [{ tableProperties: { 'format-version': '4' } }, /^tableProperties: .*format-version is 4; set it to 1, 2 or 3/],
  [{ tableProperties: { 'format-version': 'v2' } }, /^tableProperties: .*format-version is "v2"; set it to an integer/],
  [
    { tableProperties: { 'write.format.default': 'csv' } },
    /^tableProperties: .*"csv"; set it to one of parquet, orc, avro/,
  ],
  [
    { tableProperties: { 'self-optimizing.quota': 'half' } },
    /^tableProperties: .*quota is 'half': it must be a number/,
  ],
  [
    { tableProperties: { 'self-optimizing.windows': 'nightly' } },
    /^tableProperties.self-optimizing.windows: .*'nightly'/,
  ],
  [
    { tableProperties: { 'deletion-protection.enabled': 'yes' } },
    /^tableProperties.deletion-protection.enabled is 'yes'; set it to true or false/,
  ],
  [
    { tableProperties: { 'commit.rebase-appends.enabled': 'on' } },
    /^tableProperties.commit.rebase-appends.enabled is 'on'/,
  ],
  [
    { properties: { warehouse: '/a', 'optimizing.own-files-only': 'yes' } },
    /^properties.optimizing.own-files-only is 'yes'; set it to true or false/,
  ],
]

test('an internal catalog stays while it holds anything, and so does the own one', async () => {
  const { call, stores } = await setUp()
  await call('POST', '/catalogs', { ...FILES, name: 'inner', type: 'ams' })
  await stores.pointers.addNamespace('inner', ['sales'], {})
  assert.equal((await call('GET', '/catalogs/inner/delete/check')).result, false)
  const refused = await call('DELETE', '/catalogs/inner')
  assert.deepEqual([refused.status, /has the database 'sales'/.test(refused.message)], [409, true])
  const table: TableName = { catalog: 'inner', namespace: ['sales'], name: 'orders' }
  await stores.pointers.addPointer({ kind: 'table', ...table, metadataLocation: '/m' })
  await stores.drops.dropPointer(
    { kind: 'table', ...table, metadataLocation: '/m' },
    { dropId: 'd', droppedAt: T0, purgeAt: later(T0, 60_000), purgesFiles: true },
  )
  await stores.pointers.removeNamespace('inner', ['sales'])
  assert.equal(
    (await call('DELETE', '/catalogs/inner')).message,
    `catalog 'inner' still keeps 'sales.orders', which was dropped and can be had back until ${new Date(T0 + 60_000).toISOString()}; wait until then, or purge each now: \`moraine table purge sales.orders --catalog inner --id d\` (\`moraine table dropped --catalog inner\` lists them)`,
  )
  await stores.drops.advancePurge('inner', 'd', { purgeAt: T0, purgesFiles: true })
  assert.match(
    (await call('DELETE', '/catalogs/inner')).message,
    /'sales\.orders': what was dropped is due, and is purged/,
  )
  await stores.drops.forgetDropped('d')
  assert.equal((await call('DELETE', '/catalogs/inner')).status, 200)
  await stores.catalogs.saveCatalog({ name: 'lake', type: 'ams', properties: { warehouse: '/l' } })
  assert.equal((await call('DELETE', '/catalogs/lake')).status, 409)
})

test('secrets that are kept go nowhere else: whoever changes an address gives them again', async () => {
  const { call, tested, plain } = await setUp()
  await call('POST', '/catalogs', FAR)
  const shown = (await call('GET', '/catalogs/far')).result
  const elsewhere = [
    { ...shown, properties: { ...shown.properties, 'glue.endpoint': 'https://evil.example' } },
    { ...shown, storageConfig: { ...shown.storageConfig, 'storage.s3.endpoint': 'https://evil.example' } },
    { ...shown, properties: { ...shown.properties, 'access-delegation': 'static-credentials' } },
  ]
  const before = tested.length
  for (const form of elsewhere) {
    for (const [method, path] of [
      ['PUT', '/catalogs/far'],
      ['POST', '/catalogs/test'],
    ] as const) {
      const answer = await call(method, path, { ...form, name: 'far' })
      assert.equal(answer.status, 400)
      assert.match(answer.message, /secrets of catalog 'far' are sent: give them again/)
    }
  }
  assert.equal(tested.length, before)
  assert.equal((await plain('far'))?.properties['glue.endpoint'], undefined)
})

test('a token of HDFS is sent to no other name node', async () => {
  const { call, plain } = await setUp()
  const properties = { warehouse: 'hdfs://one:8020/wh', 'hdfs.delegation-token': 'hunter-token' }
  const hdfs = { ...FILES, name: 'hdfs', properties }
  assert.equal((await call('POST', '/catalogs', hdfs)).status, 200)
  const shown = (await call('GET', '/catalogs/hdfs')).result
  const site = Buffer.from('<configuration></configuration>').toString('base64')
  for (const form of [
    { ...shown, properties: { ...shown.properties, warehouse: 'hdfs://evil:8020/wh' } },
    { ...shown, properties: { ...shown.properties, 'dfs.namenode.http-address': 'evil:9870' } },
    { ...shown, storageConfig: { ...shown.storageConfig, 'hadoop.hdfs.site': site } },
  ]) {
    assert.match((await call('PUT', '/catalogs/hdfs', form)).message, /are sent: give them again/)
  }
  const moved = { ...shown, properties: { ...properties, warehouse: 'hdfs://two:8020/wh' } }
  assert.equal((await call('PUT', '/catalogs/hdfs', moved)).status, 200)
  assert.equal((await plain('hdfs'))?.properties['warehouse'], 'hdfs://two:8020/wh')
})

test('a test is made with the secrets that are set; what fails it is saved only if nobody asked', async () => {
  const { call, tested, failing, stores, warnings } = await setUp()
  await call('POST', '/catalogs', FAR)
  assert.equal(tested.length, 0)
  const step = { step: 'reach', outcome: 'failed', text: 'no answer', elapsedMs: 3 } as const
  failing.report = { passed: false, steps: [step] }
  const asked = await call('POST', '/catalogs/test', { ...FAR, authConfig: { 'auth.type': 'AK/SK' } })
  assert.deepEqual(asked.result, { passed: false, steps: [step] })
  assert.equal(tested[0]?.authConfig['auth.ak_sk.secret_key'], 'hunter-key')
  const refused = await call('POST', '/catalogs?test=true', { ...FAR, name: 'new' })
  assert.deepEqual(
    [refused.status, /not saved: its test failed at 'reach': no answer/.test(refused.message)],
    [400, true],
  )
  assert.equal(await stores.catalogs.findCatalog('new'), undefined)
  assert.deepEqual(warnings, [])
  failing.report = { passed: true, steps: [{ ...step, outcome: 'passed', warning: 'its filter lets nothing pass' }] }
  assert.equal((await call('PUT', '/catalogs/far?test=true', FAR)).status, 200)
  assert.deepEqual(warnings, ['far: its filter lets nothing pass'], 'which the answer has no room for')
})

test('a key that nobody knows is taken, and told where nobody tests', async () => {
  const { call, warnings, plain } = await setUp()
  const properties = { warehouse: '/lake/fs', 'table-fliter': 'sales.*' }
  assert.equal((await call('POST', '/catalogs', { ...FILES, properties })).status, 200)
  assert.deepEqual(warnings, ['fs_ice: properties.table-fliter is not known here; table-filter is meant?'])
  assert.equal((await plain('fs_ice'))?.properties['table-fliter'], 'sales.*')
})

test('no answer and no row has a secret in it', async () => {
  const { call, answers, stores } = await setUp()
  const site = Buffer.from('<configuration>hunter</configuration>').toString('base64')
  const hive = {
    ...FILES,
    ...{ name: 'hive', type: 'hive', storageConfig: { 'storage.type': 'Hadoop', 'hive.site': site } },
    properties: { uri: 'thrift://h:9083', 'hive.metastore.client.plain.password': 'hunter-hive' },
  }
  for (const form of [FAR, hive]) {
    assert.equal((await call('POST', '/catalogs', form)).status, 200)
    await call('POST', '/catalogs', form)
    await call('GET', `/catalogs/${form.name}`)
    await call('PUT', `/catalogs/${form.name}`, { ...form, authConfig: { 'auth.type': 'hunter-type' } })
    await call('PUT', `/catalogs/${form.name}`, { ...form, properties: { ...form.properties, 'table-filter': '(' } })
    await call('POST', '/catalogs/test', form)
    await call('GET', `/catalogs/${form.name}/delete/check`)
  }
  await call('GET', '/catalogs')
  assert.equal((await call('GET', '/catalogs/hive')).result.storageConfig['hive.site'].fileName, 'hive-site.xml')
  const written = answers.map((answer) => answer.replaceAll('hunter-type', '')).join('\n')
  for (const text of [written, JSON.stringify(await stores.catalogs.listCatalogs())]) {
    assert.doesNotMatch(text, /hunter/)
    assert.equal(text.includes(site), false)
  }
})

test('a change that was made from an older version is refused, and saves nothing', async () => {
  const { call, plain } = await setUp()
  await call('POST', '/catalogs', FILES)
  const seen = (await call('GET', '/catalogs/fs_ice')).result
  const change = (warehouse: string) =>
    call('PUT', '/catalogs/fs_ice', { ...seen, properties: { ...seen.properties, warehouse } })
  assert.equal((await change('/lake/one')).status, 200)
  const refused = await change('/lake/two')
  assert.deepEqual([refused.status, /was changed by somebody else.*ask again/.test(refused.message)], [409, true])
  assert.equal((await plain('fs_ice'))?.properties['warehouse'], '/lake/one')
  const { version: _, ...whatever } = seen
  assert.equal((await call('PUT', '/catalogs/fs_ice', whatever)).status, 200)
})

test('of two services on one database one registers a name, changes a version, or removes it', async () => {
  const stores = memoryStores()
  const [one, other] = [buildRegistry(stores).registry, buildRegistry(stores).registry]
  const { name, ...form } = FILES
  const both = async (work: (registry: typeof one, at: number) => Promise<void>) => {
    const ends = await Promise.allSettled([one, other].map(work))
    return ends.map((end) => (end.status === 'fulfilled' ? 'done' : end.reason.kind))
  }
  const untested = { test: false }
  assert.deepEqual(await both((each) => each.register(name, form, untested)), ['done', 'already-exists'])
  const { version } = await one.describe(name)
  const change = (each: typeof one, at: number) =>
    each.update(name, { ...form, properties: { warehouse: `/lake/${at}` } }, { ...untested, version })
  assert.deepEqual(await both(change), ['done', 'conflict'])
  assert.equal((await other.describe(name)).properties['warehouse'], '/lake/0')
  assert.deepEqual(await both((each) => each.remove(name)), ['done', 'not-found'])
})

test('an address that says who signs in is refused; one that is stored stays, and is not shown', async () => {
  const { call, stores, answers, plain, vault } = await setUp()
  const uri = 'http://h/x?apikey=hunter7'
  const leaky = { ...FAR, type: 'rest', properties: { uri } }
  const refused = await call('POST', '/catalogs', leaky)
  assert.deepEqual(
    [refused.status, refused.message],
    [
      400,
      'properties.uri is an address with a user, a password or a key in it: leave them out there, and give the property token, or credential, or rest.auth.type=basic with rest.auth.basic.username and .password, or header.NAME',
    ],
  )
  assert.equal((await call('POST', '/catalogs/test', leaky)).status, 400)
  const old = { name: 'old', type: 'rest', storageConfig: { 'storage.type': 'S3' }, authConfig: {} } as const
  await stores.catalogs.saveCatalog(sealCatalog({ ...old, properties: { uri } }, vault))
  const shown = (await call('GET', '/catalogs/old')).result
  assert.equal(shown.properties.uri, '********')
  assert.equal((await call('PUT', '/catalogs/old', shown)).status, 200)
  assert.equal((await plain('old'))?.properties['uri'], uri)
  assert.doesNotMatch(answers.join(), /hunter/)
})

test('the OpenAPI document has these routes', async () => {
  const { server } = await setUp()
  const { paths } = (await server.inject('/openapi.json')).json()
  for (const [path, methods] of [
    ['/catalogs', 'get post'],
    ['/catalogs/test', 'post'],
    ['/catalogs/{catalog}', 'delete get put'],
    ['/catalogs/{catalog}/delete/check', 'get'],
    ['/catalogs/metastore/types', 'get'],
    ['/catalogs/metastore/{type}/table-formats', 'get'],
    ['/catalogs/metastore/{type}/storage-types', 'get'],
    ['/catalogs/metastore/{type}/storages', 'get'],
  ] as const) {
    assert.equal(
      Object.keys(paths[`/api/ams/v1${path}`] ?? {})
        .toSorted()
        .join(' '),
      methods,
      path,
    )
  }
})

test('a catalog puts its tables in a group that is there', async () => {
  const { call } = await setUp()
  const wrong = { ...FILES, optimizerGroup: 'lokal' }
  const refusal = /optimizerGroup: there is no resource group 'lokal'; make it first/
  const refused = await call('POST', '/catalogs', wrong)
  assert.equal(refused.status, 400)
  assert.match(refused.message, refusal)
  assert.equal((await call('GET', '/catalogs/fs_ice')).status, 404)
  assert.equal((await call('POST', '/catalogs', FILES)).status, 200)
  const changed = await call('PUT', '/catalogs/fs_ice', wrong)
  assert.deepEqual([changed.status, refusal.test(changed.message)], [400, true])
  const { optimizerGroup: _, ...none } = FILES
  assert.equal((await call('PUT', '/catalogs/fs_ice', none)).status, 200)
})
