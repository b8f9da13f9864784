import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '@moraine/stdx/random'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import fc from 'fast-check'
import type { Namespace } from './table-identifier.ts'
import { namespaceFolder, newTableLocation } from './table-location.ts'

function locate(namespace: Namespace, name: string, { files = [] as readonly string[], properties = {} } = {}) {
  return (async () => {
    const io = memoryFileIO()
    for (const file of files) await io.write(file, new Uint8Array())
    return newTableLocation({ warehouse: 's3://b/wh', io, random: seededRandom(1) }, { namespace, name }, properties)
  })()
}

test('a table is in a folder of its namespace in the warehouse, or where the namespace says', async () => {
  assert.equal(await locate(['sales'], 'orders'), 's3://b/wh/sales/orders')
  assert.equal(await locate(['sales'], 'orders', { properties: { location: 's3://c/x/' } }), 's3://c/x/orders')
  assert.equal(await locate(['日本'], '表-1'), 's3://b/wh/日本/表-1')
})

test('the levels of a namespace make one folder, so that no table is inside another', async () => {
  assert.equal(await locate(['a', 'b'], 't'), 's3://b/wh/a.b/t')
  assert.match(await locate(['a.b'], 't'), /^s3:\/\/b\/wh\/a_b~[0-9a-f]{16}\/t-[0-9a-f]{8}$/)
})

test('no two namespaces have one folder, whatever their names', () => {
  const level = fc.oneof(
    fc.constantFrom('a', 'a_b', 'a.b', 'a b', 'b', '_b', '.b', 'a~', 'a_b~'),
    fc.string({ minLength: 1 }),
  )
  const namespace = fc.array(level, { minLength: 1, maxLength: 3 })
  fc.assert(
    fc.property(namespace, namespace, (one, other) => {
      const [here, there] = [one, other].map((each) => namespaceFolder('s3://b/wh', each, {}))
      assert.equal(here === there, JSON.stringify(one) === JSON.stringify(other), `${here} ${there}`)
    }),
    { numRuns: 2_000 },
  )
})

test('a folder with files is not used again', async () => {
  assert.match(
    await locate(['sales'], 'orders', { files: ['s3://b/wh/sales/orders/data/1.parquet'] }),
    /^s3:\/\/b\/wh\/sales\/orders-[0-9a-f]{8}$/,
  )
  assert.equal(
    await locate(['sales'], 'orders', { files: ['s3://b/wh/sales/orders2/data/1.parquet'] }),
    's3://b/wh/sales/orders',
  )
})

test('names that are no folders everywhere get one with random digits', async () => {
  for (const name of ['a b', 'a/b', '..', '.', 'x#y', 'a%2Fb', `q"u'o`]) {
    assert.match(await locate(['n'], name), /^s3:\/\/b\/wh\/n\/[A-Za-z0-9_.]+-[0-9a-f]{8}$/, name)
  }
  assert.match(await locate(['n/..'], 't'), /^s3:\/\/b\/wh\/n___~[0-9a-f]{16}\/t-[0-9a-f]{8}$/)
})
