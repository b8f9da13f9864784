import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { systemClock } from '@moraine/stdx/clock'
import { systemRandom } from '@moraine/stdx/random'
import { openStorage } from '@moraine/storage/open-storage'
import type { StorageSettings } from '@moraine/storage/settings'
import { catalogConformance } from '@moraine/testkit/conformance/catalog'
import { fileIoConformance } from '@moraine/testkit/conformance/file-io'
import { stopLabServer } from '../lab/lab-script.ts'
import { startPyIceberg } from '../lab/pyiceberg.ts'
import { FILESYSTEM_TRAITS, filesystemCatalogUnderTest } from './filesystem-catalog-under-test.ts'
import { gcsFront } from './gcs-front.ts'
import { startLabStore } from './lab-store.ts'
import { optimizeInStore } from './optimize-in-store.ts'

// fake-gcs-server, with what it lacks before it (`gcs-front.ts`). It asks nobody who he is.

const NAME = `gcs-${process.pid}`
const store = startLabStore('fake-gcs.sh', NAME)
const skip = 'skip' in store ? store.skip : undefined
const { settings: direct, warehouse } = 'skip' in store ? { settings: {} as StorageSettings, warehouse: '' } : store
const front = skip === undefined ? await gcsFront(direct['gcs.service.host'] ?? '') : undefined
const settings: StorageSettings = { ...direct, 'gcs.service.host': front?.endpoint ?? '' }
after(async () => {
  await front?.close()
  stopLabServer('fake-gcs.sh', NAME)
})

const storage = () => openStorage(settings, { clock: systemClock, random: systemRandom })
const dispose = async () => {}

// opendal drops space at the end of a key, so such keys are refused.
const options = { refusedNames: ['trailing '], skip }
fileIoConformance('GCS', async () => ({ io: storage(), root: `${warehouse}/plain`, dispose }), options)
fileIoConformance(
  'GCS, below a folder whose name opendal would change',
  async () => ({ io: storage(), root: `${warehouse}/odd #%20=`, dispose }),
  { ...options, createsOnly: false },
)

/** Of the odd names of the suite those in which nothing can be create-only. */
const MISNAMED = [`it's "quoted"`, '表・テーブル', 'with space', 'percent%2Fescaped', 'a+b&c=d', '#hash?query']

if (skip === undefined) {
  let opened = 0
  const refusedNames = [...FILESYSTEM_TRAITS.refusedNames, ...MISNAMED]
  catalogConformance('filesystem catalog on GCS', { ...FILESYSTEM_TRAITS, refusedNames }, async () => {
    opened += 1
    return filesystemCatalogUnderTest(storage(), `${warehouse}/catalogs/${opened}`)
  })
}

const inGcs = { skip: skip ?? false }
const bytes = new TextEncoder().encode('bytes')

test('the names in the store are those that were given', inGcs, async () => {
  const names = ['p=1/a', 'ts=10%3A00/b', 'ü #?+/c', 'plain/d']
  for (const name of names) await storage().write(`${warehouse}/given/${name}`, bytes)
  const writer = await storage().openWriter(`${warehouse}/given/p=1/large`)
  await writer.write(new Uint8Array(20_000_000))
  await writer.close()
  // Asked past opendal.
  const answer = await fetch(`${direct['gcs.service.host']}/storage/v1/b/lab/o?prefix=warehouse/given/`)
  const { items } = (await answer.json()) as { items: readonly { readonly name: string; readonly size: string }[] }
  const held = [...names.map((name) => [name, '5'] as const), ['p=1/large', '20000000'] as const]
  assert.deepEqual(
    items.map(({ name, size }) => `${name} of ${size}`).sort(),
    held.map(([name, size]) => `warehouse/given/${name} of ${size}`).sort(),
  )
})

test('more than one bulk removal and one page', { ...inGcs, timeout: 180_000 }, async () => {
  const io = storage()
  const location = (index: number) => `${warehouse}/bulk/${index}`
  for (let from = 0; from < 1_100; from += 100) {
    await Promise.all(Array.from({ length: 100 }, (_, index) => io.write(location(from + index), bytes)))
  }
  assert.equal((await Array.fromAsync(io.list(`${warehouse}/bulk/`))).length, 1_100)
  await io.remove(Array.from({ length: 1_250 }, (_, index) => location(index)))
  assert.deepEqual(await Array.fromAsync(io.list(`${warehouse}/bulk/`)), [])
})

test('a table is optimized, and PyIceberg reads it', { ...inGcs, timeout: 300_000 }, async (context) => {
  const pyiceberg = await startPyIceberg()
  if (pyiceberg.kind === 'unavailable') return context.skip(pyiceberg.why)
  context.after(() => pyiceberg.engine.stop())
  const readBy = {
    'py-io-impl': 'pyiceberg.io.pyarrow.PyArrowFileIO',
    'gcs.service.host': settings['gcs.service.host'] ?? '',
    'gcs.oauth2.token': 'lab',
    'gcs.oauth2.token-expires-at': '4102444800000',
  }
  await optimizeInStore(pyiceberg.engine, {
    settings,
    warehouse: 'gs://lab/lake',
    names: ['sales', 'orders_1'],
    readBy,
  })
})
