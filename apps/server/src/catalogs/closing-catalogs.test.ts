import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { StorageAccess } from '@moraine/catalogs/catalog'
import type { CustomCatalogContext } from '@moraine/catalogs/custom/custom-catalog'
import { filesystemCatalog } from '@moraine/catalogs/filesystem/filesystem-catalog'
import { must } from '@moraine/stdx/assert'
import { isKind } from '@moraine/stdx/error'
import { seededRandom } from '@moraine/stdx/random'
import { ORDERS } from '@moraine/testkit/conformance/catalog-samples'
import { eventually } from '@moraine/testkit/eventually'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { secretVault } from '../secrets/secret-vault.ts'
import { SILENT_LOG } from '../service/log.ts'
import { sealCatalog } from './catalog-secrets.ts'
import { openCatalogs } from './open-catalogs.ts'
import { placesOfOthers } from './places-of-others.ts'

// Catalogs of other people's making, which open, answer and close when they please.

const root = mkdtempSync(join(tmpdir(), 'moraine-closing-'))
after(() => rmSync(root, { recursive: true }))

let modules = 0

/** The service's catalogs, of which `own` is that of a module. */
async function setUp() {
  const stores = memoryStores()
  const random = seededRandom(7)
  const vault = secretVault(random.bytes(32), random)
  const clock = virtualClock()
  const open = openCatalogs({
    store: stores.catalogs,
    vault,
    pointers: stores.pointers,
    drops: { pointers: stores.drops, retentionMs: 0 },
    others: placesOfOthers({ stores, vault, findMetadataLocation: async () => undefined }),
    clock,
    random,
    stagedKey: random.bytes(32),
    log: SILENT_LOG,
  })
  const seen = { opened: 0, asked: 0, closed: 0 }
  const gates = {
    open: Promise.withResolvers<void>(),
    answer: Promise.withResolvers<StorageAccess>(),
    close: Promise.withResolvers<void>(),
  }
  modules += 1
  const key = `moraine-test-${modules}`
  Reflect.set(globalThis, key, async (context: CustomCatalogContext) => {
    seen.opened += 1
    await gates.open.promise
    return {
      ...filesystemCatalog({ ...context, warehouse: root, onLeftover: () => undefined }),
      loadStorage() {
        seen.asked += 1
        return gates.answer.promise
      },
      close() {
        seen.closed += 1
        return gates.close.promise
      },
    }
  })
  const impl = join(root, `${key}.mjs`)
  writeFileSync(impl, `export const openCatalog = globalThis[${JSON.stringify(key)}]`)
  await stores.catalogs.saveCatalog(
    sealCatalog(
      {
        name: 'own',
        type: 'custom',
        properties: { 'catalog-impl': impl, warehouse: root },
        storageConfig: {},
        authConfig: {},
      },
      vault,
    ),
  )
  const becomes = (what: keyof typeof seen, times: number) =>
    eventually(`${times} ${what}`, () => (seen[what] === times ? true : undefined))
  return { open, clock, seen, gates, becomes }
}

const isStopped = (error: unknown) => isKind(error, 'aborted') && /the service stops/.test(error.message)

test('a catalog that never opens does not keep the service from stopping', async () => {
  const { open, seen, becomes } = await setUp()
  const first = assert.rejects(open('own'), isStopped)
  await becomes('opened', 1)
  await open.close()
  await first
  await assert.rejects(open('own'), isStopped)
  assert.equal(seen.opened, 1, 'nothing is opened after that')
})

test('one that opens after all, forgotten or not, is closed', async () => {
  for (const isForgotten of [false, true]) {
    const { open, gates, becomes } = await setUp()
    const first = assert.rejects(open('own'), isStopped)
    await becomes('opened', 1)
    if (isForgotten) open.forget('own')
    await open.close()
    await first
    gates.open.resolve()
    await becomes('closed', 1)
    gates.close.resolve()
  }
})

test('one that was forgotten while it opened is closed with the service', async () => {
  const { open, gates, becomes } = await setUp()
  const first = open('own')
  await becomes('opened', 1)
  open.forget('own')
  gates.open.resolve()
  assert.equal((await first).catalog.name, 'own')
  gates.close.resolve()
  await open.close()
  await becomes('closed', 1)
})

test('one that does not close is waited for a while', async () => {
  const { open, gates, clock, seen } = await setUp()
  gates.open.resolve()
  await open('own')
  await clock.run(open.close())
  assert.deepEqual([seen.closed, clock.now()], [1, 5_000])
})

test('one that is asked how to reach files is in use', async () => {
  const { open, gates, clock, seen, becomes } = await setUp()
  gates.open.resolve()
  gates.close.resolve()
  const settings = must((await open('own')).files, 'files').loadSettings(ORDERS)
  await becomes('asked', 1)
  open.forget('own')
  const settle = () => new Promise((resolve) => setImmediate(resolve))
  for (const _ of [1, 2]) {
    await settle()
    clock.step()
  }
  await settle()
  assert.deepEqual([seen.closed, clock.now()], [0, 20 * 60_000])
  gates.answer.resolve({ location: root, properties: {} })
  await settings
  for (const _ of [1, 2]) {
    clock.step()
    await settle()
  }
  await becomes('closed', 1)
})
