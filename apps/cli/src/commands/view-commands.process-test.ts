import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { openRestCatalog } from '@moraine/catalogs/rest/rest-catalog'
import { systemClock } from '@moraine/stdx/clock'
import { viewOf } from '@moraine/testkit/conformance/catalog-views'
import { runCli } from '../testing/run-cli.ts'
import { serviceUrl, startCli } from '../testing/start-cli.ts'

const root = mkdtempSync(join(tmpdir(), 'moraine-views-'))
const service = startCli(['serve', '--port', '0', '--thrift-port', '0', '--data-dir', join(root, 'data')])
const server = await serviceUrl(service)

after(async () => {
  assert.equal(await service.stop(), 0)
  rmSync(root, { recursive: true, force: true })
})

const moraine = (...args: readonly string[]) => runCli([...args, '--catalog', 'lake', '--server', server])

async function printed(...args: readonly string[]): Promise<string> {
  const { code, out, err } = await moraine(...args)
  assert.equal(code, 0, err)
  return out
}

test('views are listed, shown, renamed and dropped by the command line', async () => {
  const properties = { uri: `${server}/api/iceberg/rest`, warehouse: 'lake' }
  const { views, createNamespace } = await openRestCatalog({ name: 'lake', properties, clock: systemClock })
  await createNamespace(['sales'], {})
  const totals = { namespace: ['sales'], name: 'totals' }
  const created = await views?.createView(totals, viewOf('select sum(id) from orders'))
  assert.equal(await printed('view', 'list', 'sales'), 'sales.totals\n')
  assert.deepEqual(JSON.parse(await printed('view', 'list', 'sales', '--json')), [totals])
  const page = await printed('view', 'load', 'sales.totals')
  assert.match(page, /^sales\.totals \(Iceberg view\)\nuuid +\S+\nlocation .*\nversion +1, of 1 version\n/s)
  assert.match(page, /\nselect sum\(id\) from orders\n/)
  const json = JSON.parse(await printed('view', 'load', 'sales.totals', '--json'))
  assert.deepEqual([json['view-uuid'], json['format-version']], [created?.metadata.viewUuid, 1])

  const asTable = await moraine('table', 'load', 'sales.totals')
  assert.equal(asTable.code, 1)
  assert.match(asTable.err, /there is a view of that name: `moraine view load` with the same options shows it/)
  assert.doesNotMatch((await moraine('table', 'load', 'sales.none')).err, /view/)
  const none = await moraine('view', 'load', 'sales.none')
  assert.deepEqual([none.code, /there is no view sales\.none in catalog lake/.test(none.err)], [1, true], none.err)

  assert.equal(await printed('view', 'rename', 'sales.totals', 'sales.sums'), 'view sales.totals is now sales.sums\n')
  const nowhere = await moraine('view', 'rename', 'sales.sums', 'hr.sums')
  assert.deepEqual([nowhere.code, /hr/.test(nowhere.err)], [1, true], nowhere.err)
  const dropped = await moraine('view', 'drop', 'sales.sums')
  assert.deepEqual([dropped.code, dropped.out], [0, 'view sales.sums is dropped\n'], dropped.err)
  assert.match(dropped.err, /until \S+ `moraine table undrop sales\.sums --catalog lake` has it back/)
  assert.equal((await moraine('view', 'drop', 'sales.sums')).code, 1)
  assert.match(await printed('table', 'undrop', 'sales.sums'), /^view sales\.sums is back/)
})

test('a catalog without views says which have them', async () => {
  const refused = await runCli(['view', 'list', 'sales', '--warehouse', root])
  assert.equal(refused.code, 1)
  assert.match(refused.err, /has no views: those of type ams, rest .* and jdbc \(with jdbc\.schema-version=V1\) do/)
})
