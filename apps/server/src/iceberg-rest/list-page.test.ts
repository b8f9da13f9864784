import assert from 'node:assert/strict'
import { test } from 'node:test'
import { internalCatalog } from '@moraine/catalogs/internal/internal-catalog'
import { PAGE_SIZE } from '@moraine/catalogs/page'
import { systemClock } from '@moraine/stdx/clock'
import { systemRandom } from '@moraine/stdx/random'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import { memoryCatalogs } from '@moraine/testkit/memory-stores/memory-catalogs'
import { buildOpened } from '../catalogs/testing/build-opened.ts'
import { serveIcebergRest } from './testing/serve-iceberg-rest.ts'

// One more of each than a page of the catalog has.

const { pointers } = memoryCatalogs()
const catalog = internalCatalog({
  name: 'lake',
  warehouse: 's3://b/wh',
  pointers,
  io: memoryFileIO(),
  clock: systemClock,
  random: systemRandom,
  onLeftover: (error) => assert.fail(String(error)),
})
const names = Array.from({ length: PAGE_SIZE + 1 }, (_, at) => `n${String(at).padStart(4, '0')}`)
await catalog.createNamespace(['sales'])
for (const name of names) {
  await catalog.createNamespace(['sales', name])
  for (const kind of ['table', 'view'] as const) {
    const pointer = { kind, catalog: 'lake', namespace: ['sales'], name: `${kind}-${name}` }
    await pointers.addPointer({ ...pointer, metadataLocation: `s3://b/wh/${kind}/${name}` }, [])
  }
}
const server = await serveIcebergRest({ findCatalog: async () => buildOpened(catalog) })

const LISTS = {
  namespaces: ['namespaces?parent=sales', 'namespaces'],
  tables: ['namespaces/sales/tables?', 'identifiers'],
  views: ['namespaces/sales/views?', 'identifiers'],
} as const

async function ask(url: string, field: string) {
  const answer = await server.inject({ url: `/v1/catalogs/lake/${url}` })
  const body = answer.json() as Readonly<Record<string, readonly unknown[]>> & { 'next-page-token': string | null }
  return { status: answer.statusCode, items: body[field] ?? [], next: body['next-page-token'], text: answer.body }
}

for (const [what, [path, field]] of Object.entries(LISTS)) {
  test(`${what} come all at once to whoever does not page, and in pages to whoever does`, async () => {
    const all = await ask(path, field)
    assert.deepEqual([all.items.length, all.next], [PAGE_SIZE + 1, null])
    assert.equal((await ask(`${path}&pageSize=10`, field)).items.length, PAGE_SIZE + 1)
    for (const size of ['', '&pageSize=400', '&pageSize=1000', '&pageSize=999999']) {
      const pages: (readonly unknown[])[] = []
      let token: string | null = ''
      while (token !== null) {
        const { items, next }: Awaited<ReturnType<typeof ask>> = await ask(`${path}&pageToken=${token}${size}`, field)
        pages.push(items)
        token = next
      }
      assert.deepEqual(pages.flat(), all.items, size)
      assert.deepEqual(
        pages.map((page) => page.length),
        size === '&pageSize=400' ? [400, 400, 200, 1] : [1000, 1],
      )
    }
    for (const wrong of ['0', '-1', 'x', '1.5']) {
      const { status, text } = await ask(`${path}&pageToken=&pageSize=${wrong}`, field)
      assert.equal(status, 400)
      assert.match(text, /pageSize .* is not an integer from 1 on/)
    }
    const foreign = await ask(`${path}&pageToken=abc`, field)
    assert.equal(foreign.status, 400)
  })
}

test('what is dropped between two pages hides nothing else', async () => {
  const [path, field] = LISTS.tables
  const first = await ask(`${path}&pageToken=&pageSize=3`, field)
  for (const name of names.slice(0, 3)) await pointers.removePointer('lake', ['sales'], `table-${name}`, 'table')
  const second = await ask(`${path}&pageToken=${first.next}&pageSize=1`, field)
  assert.deepEqual(second.items, [{ namespace: ['sales'], name: `table-${names[3]}` }])
})
