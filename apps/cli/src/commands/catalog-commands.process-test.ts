import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { Catalog } from '@moraine/catalogs/catalog'
import { openRestCatalog } from '@moraine/catalogs/rest/rest-catalog'
import { mapBounded } from '@moraine/stdx/bounded'
import { systemClock } from '@moraine/stdx/clock'
import { appendOrders, createOrders, createTableIn, type LakeTable, ORDERS_TABLE } from '../testing/lake-table.ts'
import { type CliOptions, runCli } from '../testing/run-cli.ts'
import { serviceUrl, startCli } from '../testing/start-cli.ts'

// The catalogs of a running service, by the command line alone.

const SECRET = 'hunter2-token'
const NAMESPACES = 1100
const root = mkdtempSync(join(tmpdir(), 'moraine-catalogs-'))
const disk = await createOrders(join(root, 'disk'), 'orders', 1)
const service = startCli(['serve', '--port', '0', '--thrift-port', '0', '--data-dir', join(root, 'data')])
const url = await serviceUrl(service)
// Its catalog is registered with the first one as `far`.
const neighbour = startCli(['serve', '--port', '0', '--thrift-port', '0', '--data-dir', join(root, 'neighbour')])
const uri = `${await serviceUrl(neighbour)}/api/iceberg/rest`
const lake = await openLake(`${url}/api/iceberg/rest`)
const orders = await ordersIn(lake)
await ordersIn(await openLake(uri))

type Sent = { readonly path: string; readonly authorization: string | undefined }
const sent: Sent[] = []
const stranger = createServer((request, response) => {
  sent.push({ path: request.url ?? '', authorization: request.headers.authorization })
  response.end(request.url?.endsWith('/types') ? '{"message":"success","code":200,"result":[{"value":7}]}' : '<html>')
})
await once(stranger.listen(0, '127.0.0.1'), 'listening')
const strangerUrl = `http://127.0.0.1:${(stranger.address() as AddressInfo).port}`

after(async () => {
  stranger.close()
  await service.stop()
  await neighbour.stop()
  rmSync(root, { recursive: true, force: true })
})

function openLake(at: string, warehouse = 'lake'): Promise<Catalog> {
  return openRestCatalog({ name: warehouse, properties: { uri: at, warehouse }, clock: systemClock })
}

async function ordersIn(catalog: Catalog): Promise<LakeTable> {
  await catalog.createNamespace(['db'], {})
  const table = await createTableIn(catalog, { namespace: ['db'], name: 'orders' }, ORDERS_TABLE)
  await appendOrders(table, 0)
  return table
}

function moraine(args: readonly string[], options: CliOptions = {}) {
  return runCli(args, { ...options, env: { MORAINE_SERVER: url, ...options.env } })
}

async function printed(args: readonly string[], options: CliOptions = {}): Promise<string> {
  const { code, out, err } = await moraine(args, options)
  assert.equal(code, 0, `${out}\n${err}`)
  assert.doesNotMatch(out + err, new RegExp(SECRET))
  return out
}

/** The steps of a test, as they are printed: `can list passed`. */
function stepsOf(text: string): readonly string[] {
  return text.split('\n').flatMap((line) => /^ (can [a-z ]+?) {2,}(\w+)/.exec(line)?.slice(1, 3).join(' ') ?? [])
}

test('a catalog is registered once it passes its test, with secrets from elsewhere', { timeout: 90_000 }, async () => {
  const file = join(root, 'secret')
  writeFileSync(file, `${SECRET}\n`)
  const [register, property] = [['catalog', 'register', 'far', '--type', 'rest'], '--property']
  const folders = `local.folders=${join(root, 'neighbour', 'warehouse')}`
  const given = ['warehouse=lake', folders, 'token=-', `s3.secret-access-key=@${file}`]
  const far = [...register, property, `uri=${uri}`, ...given]
  const text = await printed([...far, 's3.session-token=env:LAB'], { input: SECRET, env: { LAB: SECRET } })
  const passed = ['can be reached passed', 'can list passed', 'can read passed', 'can commit passed']
  assert.deepEqual(stepsOf(text), passed)
  assert.match(text, /^catalog far is registered$/m)
  const secrets = ['s3.secret-access-key', 's3.session-token', 'token'].map((key) => `properties/${key}`)
  const shown = await printed(['catalog', 'show', 'far'])
  assert.ok(shown.includes(`secrets set  ${secrets.join(', ')}`), shown)
  assert.match(shown, /^far \(rest\), tables in ICEBERG, optimizer group default$/m)
  assert.doesNotMatch(shown, /storage\.type|auth\.type/)
  assert.match(await printed(['catalog', 'list']), /^ far +rest +ICEBERG +http.*rest, lake/m)
  const again = await moraine([...register, property, `uri=${uri}`, 'warehouse=lake', folders])
  assert.equal(again.code, 1)
  assert.match(again.err, /there is a catalog 'far' already; `moraine catalog change far` changes it/)
  assert.doesNotMatch(again.err, /PUT|POST/)
})

test('a change leaves what it does not name, and is tested first', { timeout: 90_000 }, async () => {
  const change = ['catalog', 'change', 'far', '--table-property', 'self-optimizing.quota=0.5', '--unset']
  assert.match(await printed([...change, 'properties/token']), /^catalog far is changed$/m)
  const { properties, tableProperties, secretsSet } = JSON.parse(await printed(['catalog', 'show', 'far', '--json']))
  assert.deepEqual([properties.uri, properties.token], [uri, undefined])
  assert.deepEqual(tableProperties, { 'self-optimizing.quota': '0.5' })
  assert.deepEqual(secretsSet, ['properties/s3.secret-access-key', 'properties/s3.session-token'])
  const elsewhere = ['catalog', 'change', 'far', '--json', '--property', `uri=${strangerUrl}/${SECRET}`]
  const unsent = await moraine(elsewhere)
  assert.match(unsent.err, /properties\.uri changes where the secrets of catalog 'far' are sent: give them again/)
  const refused = await moraine([...elsewhere, 's3.secret-access-key=new', 's3.session-token=new'])
  assert.equal(refused.code, 1, refused.err)
  assert.match(refused.err, /catalog far was not changed: its test failed at 'can be reached'/)
  const { outcome, test: report } = JSON.parse(refused.out)
  assert.deepEqual([outcome, report.passed, report.steps.length], ['refused', false, 4])
  assert.equal(JSON.parse(await printed(['catalog', 'show', 'far', '--json'])).properties.uri, uri)
})

test('a test names the step that fails', { timeout: 90_000 }, async () => {
  const warehouse = `warehouse=${join(root, 'disk')}`
  const tried = await printed(['catalog', 'test', 'disk', '--type', 'filesystem', '--property', warehouse])
  assert.deepEqual(stepsOf(tried).slice(0, 3), ['can be reached passed', 'can list passed', 'can read passed'])
  const [metadata] = readdirSync(join(disk.directory, 'metadata'))
    .filter((name) => /^v\d+.*json$/.test(name))
    .sort()
    .reverse()
  writeFileSync(join(disk.directory, 'metadata', metadata ?? ''), '{')
  const register = ['catalog', 'register', 'disk', '--type', 'filesystem', '--property', warehouse]
  const broken = await moraine(register)
  assert.deepEqual(stepsOf(broken.out)[2], 'can read failed')
  assert.deepEqual([broken.code, /was not registered: its test failed at 'can read': /.test(broken.err)], [1, true])
  assert.match(await printed([...register, '--no-test']), /is registered, untested/)
  const { code, err } = await moraine(['catalog', 'test', 'disk'])
  assert.deepEqual([code, /does not pass: its test failed at 'can read'/.test(err)], [1, true])
  assert.equal(await printed(['catalog', 'remove', 'disk']), 'catalog disk is removed\n')
})

test('testing a catalog in an SQLite file that is not there makes none, and says so', async () => {
  const absent = join(root, 'absent.db')
  const properties = [`uri=jdbc:sqlite:${absent}`, `warehouse=${join(root, 'rows')}`]
  const { code, out, err } = await moraine([
    'catalog',
    'register',
    'rows',
    '--type',
    'jdbc',
    '--property',
    ...properties,
  ])
  assert.deepEqual([code, stepsOf(out)[0], existsSync(absent)], [1, 'can be reached failed', false])
  assert.match(err, /there is no SQLite file .*absent\.db, or none that may be opened, and looking .* makes none/)
})

test('types and what they take', async () => {
  const types = JSON.parse(await printed(['catalog', 'types', '--json']))
  const jdbc = types.find(({ value }: { value: string }) => value === 'jdbc')
  assert.deepEqual([jdbc.display, jdbc.formats, jdbc.storages.includes('S3')], ['JDBC', ['ICEBERG'], true])
  assert.match(await printed(['catalog', 'types']), /^ glue +Glue +ICEBERG, MIXED_ICEBERG +S3, OSS +warehouse/m)
  assert.match(
    await printed(['catalog', 'types']),
    /^ {2}rest +warehouse, prefix, token, .*\n.*\n.*\n {2}every type +database-filter, /ms,
  )
})

test('tables of the service, and of what it has registered, are worked on through it', {
  timeout: 90_000,
}, async () => {
  for (const name of ['lake', 'far']) {
    assert.equal(await printed(['table', 'list', 'db', '--catalog', name]), 'db.orders\n')
  }
  await printed(['namespace', 'set', 'db', '--catalog', 'far', '--property', 'owner=ann', 'team=x'])
  const unset = await moraine(['namespace', 'set', 'db', '--catalog', 'far', '--unset', 'team', 'nobody'])
  assert.deepEqual([unset.code, unset.err], [0, 'db had no property nobody\n'])
  const { properties } = JSON.parse(await printed(['namespace', 'load', 'db', '--catalog', 'far', '--json']))
  assert.deepEqual([properties.owner, properties.team], ['ann', undefined])
  await printed(['table', 'rename', 'db.orders', 'db."or.ders"', '--catalog', 'far'])
  assert.equal(await printed(['table', 'list', 'db', '--catalog-uri', uri, '--warehouse', 'lake']), 'db."or.ders"\n')
  const direct = ['--catalog-uri', uri]
  await printed(['table', 'rename', 'lake.db."or.ders"', 'lake.db.orders', ...direct])
  const other = await moraine(['table', 'rename', 'lake.db.orders', 'db.b', ...direct])
  assert.deepEqual([other.code, /begin the new name with lake/.test(other.err)], [2, true])
  assert.match(await printed(['table', 'inspect', 'db.orders', '--catalog', 'far']), /^columns|column +type/m)
})

test('a long list is printed page by page, and is one document', { timeout: 90_000 }, async () => {
  await lake.createNamespace(['many'], {})
  const numbers = Array.from({ length: NAMESPACES }, (_, at) => at)
  await mapBounded(numbers, 8, async (at) => lake.createNamespace(['many', `n${at}`], {}))
  const list = ['namespace', 'list', 'many', '--catalog', 'lake']
  const names = JSON.parse(await printed([...list, '--json'])).map((levels: readonly string[]) => levels.join('.'))
  assert.equal(new Set(names).size, (await printed(list)).trimEnd().split('\n').length)
  assert.equal(names.length, NAMESPACES)
})

test('a dropped table is had back, the last one of its name or the one that is meant', {
  timeout: 90_000,
}, async () => {
  const own = ['--catalog', 'lake']
  const { metadataLocation } = await orders.load()
  await printed(['table', 'drop', 'db.orders', ...own])
  const over = await moraine(['table', 'register', 'db.over', metadataLocation, '--overwrite', ...own])
  assert.match(over.err, /another table, which was dropped and can be had back/)
  const elsewhere = await moraine(['table', 'register', 'db.other', metadataLocation, ...own])
  assert.match(elsewhere.err, /another table, which was dropped and can be had back: undrop it, under another name/)
  await printed(['table', 'register', 'db.orders', metadataLocation, ...own])
  assert.equal(await printed(['table', 'dropped', ...own, '--json']), '[]\n')
  const again = await moraine(['table', 'register', 'db.orders', metadataLocation, ...own])
  assert.deepEqual([again.code, /already exists/.test(again.err)], [1, true], again.err)
  const overwritten = await printed(['table', 'register', 'db.orders', metadataLocation, '--overwrite', ...own])
  assert.equal(overwritten, 'table db.orders is registered\n')
  await printed(['table', 'drop', 'db.orders', ...own])
  await createTableIn(lake, { namespace: ['db'], name: 'orders' }, ORDERS_TABLE)
  const purged = await moraine(['table', 'drop', 'db.orders', '--purge', ...own])
  assert.equal(purged.out, 'table db.orders is dropped\n')
  const back = '`moraine table undrop db\\.orders --catalog lake` has it back; then its files are removed'
  assert.match(purged.err, new RegExp(`^until 20\\S+Z ${back}$`, 'm'))
  const [last, first] = JSON.parse(await printed(['table', 'dropped', ...own, '--json']))
  assert.deepEqual([last.purgesFiles, first.purgesFiles, first.name], [true, false, 'orders'])
  const text = await printed(['table', 'dropped', ...own])
  assert.match(text, new RegExp(`^db\\.orders  table ${last.dropId}, dropped at 20.*Z, purged with its files at 20`))
  const named = await printed(['table', 'undrop', 'db.orders', '--id', first.dropId, '--as', 'db.first', ...own])
  assert.match(named, /^table db\.first is back, as it was when it was dropped at 20/)
  assert.equal(JSON.parse(await printed(['table', 'undrop', 'db.orders', ...own, '--json'])).dropId, last.dropId)
  await printed(['table', 'drop', 'db.first', ...own])
  const taken = await moraine(['table', 'undrop', 'db.first', '--as', 'db.orders', ...own])
  assert.equal(taken.code, 1)
  assert.match(
    taken.err,
    /db\.orders is the name of another table or view; .*--as db\.orders_2 --id \S+ --catalog lake/,
  )
  const both = await moraine(['table', 'purge', 'db.first', '--files', '--keep-files', ...own])
  assert.deepEqual([both.code, /cannot be used with option '--keep-files'/.test(both.err)], [2, true], both.err)
  const ended = await printed(['table', 'purge', 'db.first', '--files', ...own])
  assert.equal(ended, 'table db.first cannot be had back any more; its files go within a minute or so\n')
  assert.equal((await moraine(['table', 'undrop', 'db.first', ...own])).code, 1)
  const theirDrop = await moraine(['table', 'drop', 'db.orders', '--catalog', 'far'])
  assert.deepEqual([theirDrop.code, theirDrop.out], [0, 'table db.orders is dropped\n'])
  assert.match(theirDrop.err, /^its files stay: `moraine table register db\.orders \/.*metadata\.json` with the same/m)
  const gone = await moraine(['table', 'undrop', 'db.orders', ...own])
  assert.deepEqual([gone.code, /keeps no dropped table db\.orders/.test(gone.err)], [1, true])
  const theirs = await moraine(['table', 'dropped', '--catalog', 'far'])
  assert.deepEqual([theirs.code, /kept by another service/.test(theirs.err)], [1, true])
  await createTableIn(await openLake(uri), { namespace: ['db'], name: 'purged' }, ORDERS_TABLE)
  const theirPurge = await moraine(['table', 'drop', 'db.purged', '--purge', '--catalog', 'far'])
  assert.match(
    theirPurge.err,
    /^when its files go, and whether db\.purged can be had back until then, is for the service/m,
  )
})

test('a table of a warehouse is had back by the copy that its drop names', { timeout: 90_000 }, async () => {
  const warehouse = join(root, 'files')
  await printed(['catalog', 'register', 'files', '--type', 'filesystem', '--property', `warehouse=${warehouse}`])
  const own = ['--catalog', 'files']
  const table = await ordersIn(await openLake(`${url}/api/iceberg/rest`, 'files'))
  const { metadata } = await table.load()
  const drop = await moraine(['table', 'drop', 'db.orders', ...own])
  const [, copy = ''] =
    /a copy of its metadata stay: `moraine table register db\.orders (\S+)` with/.exec(drop.err) ?? []
  assert.match(copy, new RegExp(`/dropped-v2-${metadata.tableUuid}\\.json$`), drop.err)
  await printed(['table', 'register', 'db.orders', copy, ...own])
  assert.deepEqual((await table.load()).metadata.snapshots, metadata.snapshots)
  const listed = await moraine(['table', 'dropped', ...own])
  assert.match(listed.err, /catalog 'files' keeps no list of what was dropped: .* dropped-vVERSION-ID\.json/)
  const same = ['--type', 'filesystem', '--property', `warehouse=${warehouse}`]
  for (const json of [[], ['--json']]) {
    const { err } = await moraine(['catalog', 'test', 'same', ...same, ...json])
    assert.match(err, /^warning: catalog same: its warehouse overlaps that of files: nothing is registered in/m)
  }
})

test('requests sign in with a token, or with user and password', { timeout: 90_000 }, async () => {
  const asked = async (env: Record<string, string>, ...args: readonly string[]) => {
    sent.length = 0
    const { code, err } = await runCli(args, { env: { MORAINE_SERVER: strangerUrl, ...env } })
    assert.notEqual(code, 0)
    assert.doesNotMatch(err, new RegExp(SECRET))
    return [...new Set(sent.map(({ authorization }) => authorization))]
  }
  const basic = `Basic ${Buffer.from(`ann:${SECRET}`).toString('base64')}`
  const both = { MORAINE_TOKEN: 'other', MORAINE_CREDENTIAL: `ann:${SECRET}` }
  assert.deepEqual(await asked({ MORAINE_CREDENTIAL: `ann:${SECRET}` }, 'catalog', 'list'), [basic])
  assert.deepEqual(await asked(both, 'catalog', 'list', '--token', SECRET), [`Bearer ${SECRET}`])
  assert.deepEqual(await asked({ MORAINE_TOKEN: SECRET }, 'table', 'list', 'db', '--catalog', 'l'), [
    `Bearer ${SECRET}`,
  ])
  assert.deepEqual(await asked({ MORAINE_CREDENTIAL: `ann:${SECRET}` }, 'namespace', 'list', '--catalog', 'l'), [basic])
})

const WRONG: readonly (readonly [args: readonly string[], code: 1 | 2 | 3, says: RegExp])[] = [
  [['catalog', 'show', 'nope'], 1, /there is no catalog 'nope'; `moraine catalog list` lists those there are$/m],
  [['catalog', 'remove', 'lake'], 1, /the service's own/],
  [['catalog', 'register', 'x'], 2, /required option '--type <type>'/],
  [['catalog', 'register', 'x', '--type', 'delta'], 2, /there is no catalog type 'delta'; choose of ams/],
  [['catalog', 'register', 'x', '--type', 'rest'], 2, /properties\.uri is missing; a catalog of type rest needs it/],
  [['catalog', 'register', 'x', '--type', 'rest', '--property', 'uri'], 2, /--property uri: write key=value/],
  [['catalog', 'change', 'lake', '--unset', 'properties/nope'], 2, /no such setting; it has properties\/warehouse/],
  [
    ['catalog', 'test', 'nope'],
    1,
    /there is no catalog 'nope'; `moraine catalog list` lists those there are; with --type one that is not registered/,
  ],
  [['catalog', 'list', '--server', 'http://127.0.0.1:9'], 3, /http:\/\/127\.0\.0\.1:9 does not answer; see that/],
  [['catalog', 'list', '--server', strangerUrl], 1, /is no JSON; see that a service of Moraine listens there/],
  [
    ['catalog', 'types', '--server', strangerUrl],
    1,
    /not what its route promises: result\.0\.value must be string|result\.0 must have required/,
  ],
  [['table', 'dropped'], 2, /required option '--catalog <name>'/],
  [['namespace', 'list', '--catalog', 'nope'], 1, /Warehouse does not exist: nope/],
  [['table', 'exists', 'db.t', '--catalog', 'nope'], 3, /could not be found out: .*Warehouse does not exist: nope/],
  [['table', 'drop', 'nope.t', '--catalog', 'lake'], 1, /^moraine: there is no table nope\.t in catalog lake of http/],
  [['table', 'exists', 'nope.t', '--catalog', 'lake'], 1, /there is no table nope\.t in catalog lake/],
]

for (const [args, code, says] of WRONG) {
  test(`refused: moraine ${args.join(' ').replace(strangerUrl, 'URL')}`, async () => {
    const end = await moraine(args)
    assert.match(end.err, says)
    assert.deepEqual([end.code, end.out], [code, ''])
    assert.doesNotMatch(end.err, /^ {4}at /m)
  })
}
