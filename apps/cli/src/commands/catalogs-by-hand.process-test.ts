import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { Catalog } from '@moraine/catalogs/catalog'
import { filesystemCatalog } from '@moraine/catalogs/filesystem/filesystem-catalog'
import { startFakeGlue } from '@moraine/catalogs/glue/testing/fake-glue'
import { openTestGlue } from '@moraine/catalogs/glue/testing/glue-conformance'
import { openJdbcCatalog } from '@moraine/catalogs/jdbc/jdbc-catalog'
import { currentSnapshot } from '@moraine/iceberg/metadata/snapshot-history'
import { parseTableMetadata } from '@moraine/iceberg/metadata/table-metadata-json'
import { systemClock } from '@moraine/stdx/clock'
import { systemRandom } from '@moraine/stdx/random'
import { localFileIO } from '@moraine/storage/local-file-io'
import { appendOrders, createTableIn, ORDERS_TABLE } from '../testing/lake-table.ts'
import { type CliOptions, runCli } from '../testing/run-cli.ts'

// The same commands on catalogs of each kind, opened directly: an SQLite database, a (fake) Glue and a warehouse. What
// Glue stands for here is how the command line opens it; packages/catalogs and interop hold it to AWS's behaviour.

const FILES = 4
const root = mkdtempSync(join(tmpdir(), 'moraine-by-hand-'))
const glue = await startFakeGlue()
const common = {
  io: localFileIO(systemRandom),
  clock: systemClock,
  random: systemRandom,
  onLeftover: (error: unknown) => assert.fail(String(error)),
}
const warehouse = (name: string) => {
  mkdirSync(join(root, name))
  return join(root, name)
}
const database = `jdbc:sqlite:${join(root, 'catalog.db')}`
const [filesAt, rowsAt, glueAt] = [warehouse('files'), warehouse('rows'), warehouse('glue')]
const jdbc = await openJdbcCatalog({ ...common, name: 'prod', properties: { uri: database, warehouse: rowsAt } })

type Kind = {
  readonly kind: string
  readonly catalog: Catalog
  readonly options: readonly string[]
  readonly run?: CliOptions
  readonly renames: boolean
}

const GLUE_PROPERTIES = [
  `glue.endpoint=${glue.endpoint}`,
  'client.region=us-east-1',
  'glue.access-key-id=lab',
  'glue.secret-access-key=env:LAB_SECRET',
]

const KINDS: readonly Kind[] = [
  {
    kind: 'filesystem',
    catalog: filesystemCatalog({ ...common, name: 'files', warehouse: filesAt }),
    options: ['--warehouse', filesAt],
    renames: false,
  },
  {
    kind: 'jdbc',
    catalog: jdbc,
    options: ['--catalog-uri', database, '--catalog', 'prod', '--warehouse', rowsAt],
    renames: true,
  },
  {
    kind: 'glue',
    catalog: await openTestGlue(glue.endpoint, common.io, { warehouse: glueAt }),
    options: ['--catalog-type', 'glue', '--warehouse', glueAt, '--catalog-property', ...GLUE_PROPERTIES],
    run: { env: { LAB_SECRET: 'labsecret' } },
    renames: true,
  },
]

for (const { kind, catalog } of KINDS) {
  if (kind !== 'filesystem') await catalog.createNamespace(['db'], {})
  const orders = await createTableIn(catalog, { namespace: ['db'], name: 'orders' }, ORDERS_TABLE)
  for (let at = 0; at < FILES; at += 1) await appendOrders(orders, at)
}

after(async () => {
  await glue.stop()
  await jdbc.close()
  rmSync(root, { recursive: true, force: true })
})

for (const { kind, catalog, options, run, renames } of KINDS) {
  const moraine = (...args: readonly string[]) => runCli([...args, ...options], run)
  const printed = async (...args: readonly string[]) => {
    const { code, out, err } = await moraine(...args)
    assert.equal(code, 0, err)
    return out
  }

  test(`${kind}: namespaces and tables are listed and shown`, async () => {
    assert.equal(await printed('namespace', 'create', 'other'), 'namespace other is created\n')
    assert.equal(await printed('namespace', 'list'), 'db\nother\n')
    assert.deepEqual(JSON.parse(await printed('table', 'list', 'db', '--json')), [
      { namespace: ['db'], name: 'orders' },
    ])
    assert.match(await printed('namespace', 'load', 'db'), /location|no properties|exists/)
    assert.equal(await printed('namespace', 'drop', 'other'), 'namespace other is dropped\n')
    assert.match(await printed('table', 'load', 'db.orders'), /snapshot +\d+, of 4 snapshots\ncolumns +order_id, /)
    const full = await moraine('namespace', 'drop', 'db')
    assert.equal(full.code, 1)
    assert.match(full.err, /orders|not empty/)
  })

  test(`${kind}: a table is optimized, and the catalog has it`, async () => {
    const before = parseTableMetadata(await printed('table', 'load', 'db.orders', '--json'), 'before')
    await printed('table', 'optimize', 'db.orders')
    const { metadata, metadataLocation } = await catalog.loadTable({ namespace: ['db'], name: 'orders' })
    assert.equal(before.snapshots.length, FILES)
    assert.equal(metadata.snapshots.length, FILES + 1)
    assert.equal(currentSnapshot(metadata)?.summary['total-data-files'], '1')
    assert.ok((await printed('table', 'load', 'db.orders')).includes(metadataLocation))
  })

  test(`${kind}: a table is renamed, dropped and registered again`, async () => {
    const renamed = await moraine('table', 'rename', 'db.orders', 'db.sold')
    assert.equal(renamed.code, renames ? 0 : 1, renamed.err)
    const name = renames ? 'sold' : 'orders'
    const { metadata, metadataLocation } = await catalog.loadTable({ namespace: ['db'], name })
    assert.equal(await printed('table', 'exists', `db.${name}`), `db.${name} exists\n`)
    const purged = await moraine('table', 'drop', `db.${name}`, '--purge')
    assert.equal(purged.code, 1)
    assert.match(purged.err, /removes no files: drop the table without --purge/)
    const dropped = await moraine('table', 'drop', `db.${name}`)
    assert.deepEqual([dropped.code, dropped.out], [0, `table db.${name} is dropped\n`], dropped.err)
    const [, hinted = ''] = /moraine table register \S+ (\S+)` with the same options/.exec(dropped.err) ?? []
    const gone = await moraine('table', 'exists', `db.${name}`, '--json')
    assert.deepEqual([gone.code, gone.out], [1, `{"table":"db.${name}","exists":false}\n`])
    // A table of a warehouse is its metadata files, of which a copy stays, and its name is its folder.
    if (kind !== 'filesystem') assert.equal(hinted, metadataLocation)
    const again = kind === 'filesystem' ? name : 'again'
    await printed('table', 'register', `db.${again}`, hinted)
    const loaded = await catalog.loadTable({ namespace: ['db'], name: again })
    assert.equal(loaded.metadata.tableUuid, metadata.tableUuid)
    if (kind !== 'filesystem') assert.equal(loaded.metadataLocation, metadataLocation)
  })
}

test('looking for a table makes no database, and none without the tables of a catalog', async () => {
  const [absent, empty] = [join(root, 'absent.db'), join(root, 'empty.db')]
  writeFileSync(empty, '')
  const end = (path: string) => ['--catalog-uri', `jdbc:sqlite:${path}`, '--catalog', 'prod', '--warehouse', rowsAt]
  const none = await runCli(['table', 'inspect', 'db.orders', ...end(absent)])
  assert.deepEqual([none.code, existsSync(absent)], [1, false])
  assert.match(none.err, /there is no SQLite file .*absent\.db/)
  const bare = await runCli(['namespace', 'list', ...end(empty)])
  assert.equal(bare.code, 1)
  assert.match(bare.err, /the jdbc catalog prod is not in its database yet: `namespace create`/)
  assert.deepEqual(
    readdirSync(root).filter((name) => name.startsWith('empty')),
    ['empty.db'],
  )
})

const SECRET = 'hunter2'
const secretUri = `postgresql://ann:${SECRET}@127.0.0.1:1/catalog`

const NOWHERE = ['--catalog', 'x', '--server', 'http://127.0.0.1:9']

const WRONG: readonly (readonly [args: readonly string[], code: 1 | 2 | 3, says: RegExp])[] = [
  [['table', 'list', 'db'], 2, /no catalog is named: say where it is with --catalog/],
  [['table', 'load', 'db.t', '--catalog', 'x', '--server', `http://a:${SECRET}@h`], 2, /nothing else: no password/],
  [['table', 'load', 'db.t', ...NOWHERE], 3, /got no answer/],
  [['table', 'exists', 'db.t', ...NOWHERE], 3, /got no answer/],
  [
    ['table', 'exists', 'db.t', '--warehouse', join(root, 'absent')],
    3,
    /a table db\.t could not be found out: .*absent/,
  ],
  [['table', 'exists', 't', '--warehouse', filesAt], 2, /is no table name/],
  [['table', 'list', 'db', '--catalog-uri', secretUri, '--catalog', 'x', '--warehouse', root], 3, /postgresql:\/\/127/],
  [
    ['table', 'load', 'db.t', '--catalog-type', 'glue', '--catalog-property', 'k=@/nowhere'],
    1,
    /\/nowhere failed: ENOENT/,
  ],
  [['namespace', 'set', 'db', '--warehouse', root], 2, /nothing is to be set; use --property/],
  [['namespace', 'set', 'db', '--warehouse', root, '--property', 'a=1', '--unset', 'a'], 2, /a is to be set and/],
  [
    ['namespace', 'set', 'db', '--warehouse', filesAt, '--property', 'a=1'],
    1,
    /cannot have properties: it is a folder/,
  ],
]

for (const [args, code, says] of WRONG) {
  const line = ['moraine', ...args].join(' ').replaceAll(root, '').replaceAll(SECRET, '...')
  test(`refused: ${line}`, async () => {
    const end = await runCli(args)
    assert.match(end.err, says)
    assert.deepEqual([end.code, end.out], [code, ''])
    assert.doesNotMatch(end.err, new RegExp(`${SECRET}|^ {4}at `, 'm'))
  })
}
