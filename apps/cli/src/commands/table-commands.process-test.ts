import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { openRestCatalog } from '@moraine/catalogs/rest/rest-catalog'
import { must } from '@moraine/stdx/assert'
import { systemClock } from '@moraine/stdx/clock'
import { parseExactJson } from '@moraine/stdx/exact-json'
import { directoryChanges, directoryState, NO_CHANGES } from '@moraine/testkit/damage/directory-state'
import {
  appendOrders,
  createOrders,
  createTableIn,
  liveFiles,
  liveOrders,
  ORDERS_TABLE,
} from '../testing/lake-table.ts'
import { runCli } from '../testing/run-cli.ts'
import { serviceUrl, startCli } from '../testing/start-cli.ts'

// What the commands on one table print, to people and to programs.

const FILES = 4
const root = mkdtempSync(join(tmpdir(), 'moraine-commands-'))
const warehouse = join(root, 'warehouse')
const orders = await createOrders(warehouse, 'orders', FILES)
const snapshotId = must((await orders.load()).metadata.currentSnapshotId, 'snapshot')
const service = startCli(['serve', '--port', '0', '--thrift-port', '0', '--data-dir', join(root, 'data')])
const catalogUri = `${await serviceUrl(service)}/api/iceberg/rest`

after(async () => {
  assert.equal(await service.stop(), 0)
  rmSync(root, { recursive: true, force: true })
})

type Json = { readonly [key: string]: unknown }

/** The one document that a command prints, with all digits of its integers. */
async function json(...args: readonly string[]): Promise<Json> {
  const { code, out, err } = await runCli([...args, '--json'])
  assert.equal(code, 0, err)
  assert.equal(out.trimEnd().includes('\n'), false, 'one document, one line')
  return parseExactJson(out, args.join(' ')) as Json
}

/** Of an integer that may be short enough for a number. */
const idOf = (value: unknown): bigint => BigInt(value as number | bigint)

async function text(...args: readonly string[]): Promise<string> {
  const { code, out, err } = await runCli(args)
  assert.equal(code, 0, err)
  return out
}

test('inspect shows files, health and history, the ids with all their digits', async () => {
  const shown = await json('table', 'inspect', orders.directory)
  assert.equal(idOf(shown['currentSnapshotId']), snapshotId)
  const snapshots = shown['snapshots'] as readonly Json[]
  assert.deepEqual([snapshots.length, idOf(snapshots.at(-1)?.['snapshotId'])], [FILES, snapshotId])
  assert.equal(idOf((shown['refs'] as { main: Json }).main['snapshotId']), snapshotId)
  assert.deepEqual(
    [shown['dataFiles'], shown['equalityDeletes']].map((figures) => (figures as Json)['files']),
    [FILES, FILES - 1],
  )
  assert.equal((shown['partitionReports'] as readonly Json[])[0]?.['partition'], 'region=eu')
  const page = await text('table', 'inspect', orders.directory)
  assert.match(page, new RegExp(`snapshot +${snapshotId}, overwrite`))
  assert.match(page, /equality deletes +3/)
})

test('a table is found by its name below a warehouse', async () => {
  const byName = await json('table', 'inspect', 'db.orders', '--warehouse', warehouse)
  assert.deepEqual(
    [idOf(byName['currentSnapshotId']), byName['metadataLocation']],
    [snapshotId, (await orders.load()).metadataLocation],
  )
  const none = await runCli(['table', 'inspect', 'db.none', '--warehouse', warehouse])
  assert.equal(none.code, 1)
  assert.match(none.err, /db\.none/)
})

test('explain says why, of all partitions or of one', async () => {
  const all = await json('table', 'explain', orders.directory)
  const [group] = all['groups'] as readonly Json[]
  assert.deepEqual([all['optimizingType'], group?.['partition'], group?.['files']], ['minor', 'region=eu', FILES])
  assert.equal(typeof (must(group, 'group')['method'] as Json)['reason'], 'string')
  const one = await json('table', 'explain', orders.directory, '--partition', 'region=eu')
  assert.deepEqual(one['groups'], all['groups'])
  const other = await runCli(['table', 'explain', orders.directory, '--partition', 'region=us', '--json'])
  assert.deepEqual([other.code, other.out], [1, ''])
  assert.match(other.err, /no data in partition 'region=us'; there is data in region=eu$/m)
})

test('doctor names the ailments and the remedy', async () => {
  const page = await json('doctor', orders.directory)
  const findings = (page['findings'] as readonly string[]).join('\n')
  assert.match(findings, /4 of 4 data files are fragments/)
  assert.match(findings, /3 equality delete files with 15 keys/)
  assert.match(String(page['remedy']), /minor optimizing of 4 files/)
  assert.match(await text('doctor', orders.directory), /health \d+ of 100, 4 data files/)
})

test('plan prints what it writes, takes the partitions that are asked for, and changes nothing', async () => {
  const before = directoryState(orders.directory)
  const out = join(root, 'plan.json')
  const printed = await json('table', 'plan', orders.directory, '--type', 'full', '--out', out)
  assert.deepEqual(parseExactJson(readFileSync(out, 'utf8'), out), printed)
  assert.equal(idOf(printed['baseSnapshotId']), snapshotId)
  const groupsWhere = async (where: string) =>
    ((await json('table', 'plan', orders.directory, '--where', where))['groups'] as readonly Json[]).length
  assert.deepEqual([await groupsWhere("region = 'eu'"), await groupsWhere("region = 'us'")], [1, 0])
  const nowhere = await runCli(['table', 'plan', orders.directory, '--out', join(root, 'nowhere', 'plan.json')])
  assert.deepEqual([nowhere.code, nowhere.out], [1, ''])
  assert.match(nowhere.err, /writing the plan .*plan\.json failed: ENOENT/)
  assert.deepEqual(directoryChanges(before, directoryState(orders.directory)), NO_CHANGES)
})

test('of partitions that are named no other is rewritten', async () => {
  const table = await createOrders(warehouse, 'regions', FILES)
  for (let at = 0; at < FILES; at += 1) await appendOrders(table, at, 'us')
  const before = [await liveFiles(table, 'eu'), await liveFiles(table, 'us')]
  const only = ['--type', 'full', '--partition', 'region=us']
  const { groups } = await json('table', 'plan', table.directory, ...only)
  assert.deepEqual(
    (groups as readonly Json[]).map((group) => group['partitionPath']),
    ['region=us'],
  )
  assert.equal((await json('table', 'optimize', table.directory, ...only))['outcome'], 'committed')
  assert.deepEqual(await liveFiles(table, 'eu'), before[0])
  const [merged, ...rest] = await liveFiles(table, 'us')
  assert.ok(merged !== undefined && rest.length === 0 && !before[1]?.includes(merged))
  const unknown = await runCli(['table', 'optimize', table.directory, '--partition', 'region=us', 'region=fr'])
  assert.equal(unknown.code, 1)
  assert.match(unknown.err, /partition 'region=fr' has no files; there are files in 'region=us', 'region=eu'$/m)
})

test('a table of a REST catalog, our own, is optimized with the threads and the memory given', async () => {
  const properties = { uri: catalogUri, warehouse: 'lake' }
  const catalog = await openRestCatalog({ name: 'lake', properties, clock: systemClock })
  await catalog.createNamespace(['db'], {})
  const remote = await createTableIn(catalog, { namespace: ['db'], name: 'remote' }, ORDERS_TABLE)
  for (let at = 0; at < FILES; at += 1) await appendOrders(remote, at)
  const from = must((await remote.load()).metadata.currentSnapshotId, 'snapshot')

  const limits = ['--threads', '1', '--memory', '256']
  const done = await json(
    'table',
    'optimize',
    'lake.db.remote',
    '--catalog-uri',
    catalogUri,
    '--type',
    'full',
    ...limits,
  )
  const { metadata } = await remote.load()
  assert.deepEqual(
    [done['outcome'], idOf(done['snapshotIdBefore']), idOf(done['snapshotIdAfter'])],
    ['committed', from, metadata.currentSnapshotId],
  )
  assert.deepEqual((done['committedSnapshotIds'] as readonly unknown[]).map(idOf), [metadata.currentSnapshotId])
  const after = done['after'] as { dataFiles: Json; equalityDeletes: Json }
  assert.deepEqual(
    [after.dataFiles['files'], after.dataFiles['records'], after.equalityDeletes['files']],
    [1, liveOrders(FILES), 0],
  )
  const again = await json('table', 'optimize', 'db.remote', '--catalog-uri', catalogUri, '--warehouse', 'lake')
  assert.equal(again['outcome'], 'nothing to do')
})

const WRONG: readonly (readonly [args: readonly string[], says: RegExp])[] = [
  [[], /Usage: moraine/],
  [['polish'], /unknown command 'polish'/],
  [['table', 'inspect'], /missing required argument 'table'/],
  [['table', 'inspect', orders.directory, '--colour'], /unknown option '--colour'/],
  [['table', 'inspect', ''], /the table is empty/],
  [
    ['table', 'inspect', 'db.orders'],
    /say where it is with --catalog .*, --catalog-uri, --catalog-type or --warehouse/,
  ],
  [['table', 'inspect', orders.directory, '--storage', 'fast'], /--storage fast: write key=value/],
  [['table', 'plan', orders.directory, '--type', 'huge'], /Allowed choices are auto, minor, major, full/],
  [['table', 'plan', orders.directory, '--where', 'region ='], /region =/],
  [['table', 'plan', orders.directory, '--partition', 'eu'], /partition 'eu': it is spelled region=VALUE; there are/],
  [['table', 'optimize', orders.directory, '--partition', 'day=1'], /partition 'day=1' has other fields than/],
  [['table', 'optimize', orders.directory, '--threads', '0'], /--threads 0: .*from 1 to 1000/],
  [['table', 'optimize', orders.directory, '--memory', '1g'], /--memory 1g: .*from 16 to 1048576/],
  [['table', 'apply', join(root, 'no-plan.json'), '--threads', '0'], /--threads 0: /],
  [['serve', '--port', '70000', '--data-dir', join(root, 'never')], /--port 70000: .*from 0 to 65535/],
  [['optimizer', '--url', 'http://127.0.0.1:1261'], /write thrift:\/\/host:port/],
  [['optimizer', '--url', 'thrift://127.0.0.1:70000'], /--url .*port 70000 is not from 1 to 65535/],
  [['optimizer', '--url', 'thrift://127.0.0.1:1', '--threads', '0'], /--threads 0: .*from 1 to 1000/],
  [['optimizer'], /required option '--url <url>'/],
]

for (const [args, says] of WRONG) {
  const line = ['moraine', ...args].join(' ').replaceAll(root, '')
  test(`wrong usage: ${line}`, async () => {
    const { code, out, err } = await runCli(args)
    assert.deepEqual([code, out], [2, ''], err)
    assert.match(err, says)
  })
}

test('help and version are no failure', async () => {
  assert.match(await text('--help'), /Usage: moraine/)
  assert.match(await text('table', 'optimize', '--help'), /--threads <n>/)
  assert.match(await text('--version'), /^\d+\.\d+\.\d+\n$/)
})
