import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Grant, Place, Role } from '@moraine/management/access/grant'
import type { CatalogType } from '@moraine/management/catalogs/managed-catalog'
import { tableReach } from './table-reach.ts'

const WAREHOUSE = { bucket: 'lab', key: 'wh/' }
const ROOTS = [WAREHOUSE, { bucket: 'other', key: 'data/' }]

type Asked = {
  readonly location: string
  readonly properties?: Readonly<Record<string, string>>
  readonly role?: Role
  readonly place?: Place
  readonly type?: CatalogType
  readonly namespace?: readonly string[]
  readonly name?: string
}

/** What may be read and what may be written, as text. */
function reach(asked: Asked): string {
  const { location, properties = {}, role = 'editor', place = {}, type = 'ams' } = asked
  const { namespace = ['sales'], name = 'orders' } = asked
  const grants: readonly Grant[] = [{ role, place }]
  const found = tableReach(
    { catalog: 'lake', identifier: { namespace, name }, metadata: { location, properties }, grants },
    { roots: ROOTS, warehouse: WAREHOUSE, catalogType: type },
  )
  if (found.kind === 'outside') return 'outside'
  const [read, write] = [found.read, found.write].map((all) =>
    all.map(({ bucket, key }) => `${bucket}/${key}`).join(' '),
  )
  return `${read} | ${write}`
}

const SALES = { catalog: 'lake', namespace: ['sales'] }
const ORDERS = { ...SALES, table: 'orders' }
const OWN = 's3://lab/wh/sales/orders'

test('a writer comes to the location to write, a reader to read', () => {
  for (const place of [{}, { catalog: 'lake' }, SALES, ORDERS]) {
    assert.equal(reach({ location: OWN, place }), 'lab/wh/sales/orders/ | lab/wh/sales/orders/')
    assert.equal(reach({ location: OWN, place, role: 'viewer' }), 'lab/wh/sales/orders/ | ')
  }
  assert.equal(reach({ location: `${OWN}/` }), 'lab/wh/sales/orders/ | lab/wh/sales/orders/')
})

test('a location proves nothing to those who have a part of the catalog', () => {
  for (const location of [
    's3://lab/wh/hr/salaries',
    's3://lab/wh',
    's3://lab/wh/',
    's3://lab/wh/sales.eu/orders',
    's3://lab/wh/sales-old/orders',
  ]) {
    assert.notEqual(reach({ location }), 'outside', location)
    for (const place of [SALES, ORDERS]) assert.equal(reach({ location, place }), 'outside', location)
  }
  // Its namespace is theirs, the table beside it only for those who have all of the namespace.
  assert.equal(reach({ location: 's3://lab/wh/sales/returns', place: ORDERS }), 'outside')
  assert.equal(reach({ location: 's3://lab/wh/sales/orders-20240101', place: ORDERS }), 'outside')
  assert.notEqual(reach({ location: 's3://lab/wh/sales/returns', place: SALES }), 'outside')
  assert.equal(reach({ location: OWN, namespace: ['a/b'], place: { catalog: 'lake', namespace: ['a/b'] } }), 'outside')
})

test('nobody comes to what is outside of the roots, or is no plain folder of S3', () => {
  for (const location of [
    's3://lab/other/t',
    's3://lab/whale/t',
    's3://elsewhere/wh/t',
    '/wh/sales/orders',
    'gs://lab/wh/t',
    's3://lab/wh/../hr/t',
    's3://lab/wh//t',
    's3://lab@x/wh/t',
  ])
    assert.equal(reach({ location }), 'outside', location)
  assert.equal(reach({ location: 's3a://lab/wh/t' }), 'lab/wh/t/ | lab/wh/t/')
})

test('data and metadata elsewhere are covered where somebody may come to', () => {
  const properties = { 'write.data.path': 's3://other/data/orders', 'write.metadata.path': 's3://secret/meta' }
  assert.equal(
    reach({ location: OWN, properties }),
    'lab/wh/sales/orders/ other/data/orders/ | lab/wh/sales/orders/ other/data/orders/',
  )
  assert.equal(reach({ location: OWN, properties, place: SALES }), 'lab/wh/sales/orders/ | lab/wh/sales/orders/')
  const inside = { 'write.data.path': `${OWN}/data` }
  assert.equal(reach({ location: OWN, properties: inside }), 'lab/wh/sales/orders/ | lab/wh/sales/orders/')
})

test('each kind of catalog has its own folders', () => {
  const of = (type: CatalogType, location: string, namespace = ['a', 'b'], table?: string) => {
    const place = { catalog: 'lake', namespace, ...(table !== undefined && { table }) }
    return reach({ location, type, namespace, name: 't', place }) !== 'outside'
  }
  assert.deepEqual([of('ams', 's3://lab/wh/a.b/t'), of('ams', 's3://lab/wh/a/b/t')], [true, false])
  assert.deepEqual([of('filesystem', 's3://lab/wh/a/b/t'), of('filesystem', 's3://lab/wh/a.b/t')], [true, false])
  assert.deepEqual([of('hive', 's3://lab/wh/a.db/t', ['a']), of('hive', 's3://lab/wh/a/t', ['a'])], [true, false])
  assert.deepEqual([of('jdbc', 's3://lab/wh/a/t', ['a']), of('jdbc', 's3://lab/wh/a/t', ['a'], 't')], [true, false])
  assert.deepEqual([of('jdbc', 's3://lab/wh/a/b/t'), of('rest', 's3://lab/wh/a/b/t')], [false, false])
})
