import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { after, test } from 'node:test'
import { systemClock } from '@moraine/stdx/clock'
import { type ErrorKind, isKind } from '@moraine/stdx/error'
import { systemRandom } from '@moraine/stdx/random'
import { openStorage } from '@moraine/storage/open-storage'
import type { StorageSettings } from '@moraine/storage/settings'
import { catalogConformance } from '@moraine/testkit/conformance/catalog'
import { fileIoConformance } from '@moraine/testkit/conformance/file-io'
import { stopLabServer } from '../lab/lab-script.ts'
import { startPyIceberg } from '../lab/pyiceberg.ts'
import { FILESYSTEM_TRAITS, filesystemCatalogUnderTest } from './filesystem-catalog-under-test.ts'
import { startLabStore } from './lab-store.ts'
import { optimizeInStore } from './optimize-in-store.ts'

// Azurite, Microsoft's emulator of Azure's blobs. It checks signatures as Azure does.

const NAME = `azure-${process.pid}`
const azurite = startLabStore('azurite.sh', NAME)
after(() => stopLabServer('azurite.sh', NAME))
const skip = 'skip' in azurite ? azurite.skip : undefined
const { settings, warehouse } = 'skip' in azurite ? { settings: {}, warehouse: '' } : azurite

const open = (given: StorageSettings) => openStorage(given, { clock: systemClock, random: systemRandom })
const storage = () => open(settings)
const dispose = async () => {}

// A backslash is a slash to Azure, and opendal drops space at the end of a key: such keys are refused.
const options = { refusedNames: ['trailing ', 'back\\slash'], skip }
fileIoConformance('Azure', async () => ({ io: storage(), root: `${warehouse}/plain #%20`, dispose }), options)
fileIoConformance(
  'Azure, as wasbs',
  async () => ({ io: storage(), root: `${warehouse.replace('abfs:', 'wasbs:')}/wasbs`, dispose }),
  options,
)

if (skip === undefined) {
  let opened = 0
  catalogConformance('filesystem catalog on Azure', FILESYSTEM_TRAITS, async () => {
    opened += 1
    return filesystemCatalogUnderTest(storage(), `${warehouse}/catalogs/${opened}`)
  })
}

const inAzure = { skip: skip ?? false }
const bytes = new TextEncoder().encode('bytes')
const endpoint = settings['adls.endpoint'] ?? ''
const account = settings['adls.auth.shared-key.account.name'] ?? ''
const key = settings['adls.auth.shared-key.account.key'] ?? ''

test('an account is reached by the names of Java and of Python, and by connection strings', inAzure, async () => {
  const given: readonly StorageSettings[] = [
    { 'adls.account-name': account, 'adls.account-key': key, 'adls.endpoint': endpoint },
    { 'adls.account-key': key, [`adls.connection-string.${account}.dfs.core.windows.net`]: endpoint },
    { 'adls.connection-string': `AccountName=${account};AccountKey=${key};BlobEndpoint=${endpoint};` },
  ]
  for (const [at, each] of given.entries()) {
    assert.equal(await open(each).write(`${warehouse}/named/${at}`, bytes), 'written')
  }
  assert.equal((await Array.fromAsync(storage().list(`${warehouse}/named/`))).length, given.length)
})

test('a signature that is vended for the container reaches it, whatever the names', inAzure, async () => {
  const host = `${account}.dfs.core.windows.net`
  const io = open({ 'adls.endpoint': endpoint, [`adls.sas-token.${host}`]: containerSignature() })
  for (const name of ['plain', 'ts=10%3A00 #1']) {
    const location = `${warehouse}/signed/${name}/a`
    assert.equal(await io.write(location, bytes), 'written')
    assert.deepEqual(await io.read(location), bytes)
    assert.equal((await Array.fromAsync(io.list(`${warehouse}/signed/${name}/`))).length, 1)
    await io.remove([location])
    assert.equal(await io.stat(location), undefined)
  }
})

const fails = (promise: Promise<unknown>, kind: ErrorKind, cause: RegExp) =>
  assert.rejects(promise, (error) => {
    assert.ok(isKind(error, kind), `${kind} expected: ${error}`)
    assert.match(String(error.cause), cause)
    return true
  })

test('a wrong key is a matter of permission', inAzure, async () => {
  const wrong = open({ ...settings, 'adls.auth.shared-key.account.key': 'd3Jvbmc=' })
  await fails(wrong.read(`${warehouse}/a`), 'permission', /403/)
  await fails(wrong.stat(`${warehouse}/a`), 'permission', /403/)
  await fails(wrong.write(`${warehouse}/a`, bytes), 'permission', /AuthorizationFailure/)
  await fails(wrong.remove([`${warehouse}/a`]), 'permission', /AuthorizationFailure/)
  await fails(Array.fromAsync(wrong.list(`${warehouse}/`)), 'permission', /AuthorizationFailure/)
})

test('a container that is not there is a wrong setting', inAzure, async () => {
  const missing = warehouse.replace('abfs://lab@', 'abfs://missing@')
  await fails(storage().read(`${missing}/a`), 'invalid-input', /ContainerNotFound/)
  await fails(storage().write(`${missing}/a`, bytes), 'invalid-input', /ContainerNotFound/)
  await fails(Array.fromAsync(storage().list(`${missing}/`)), 'invalid-input', /ContainerNotFound/)
})

test('more than one page and one bulk removal', { ...inAzure, timeout: 180_000 }, async () => {
  const io = storage()
  const location = (index: number) => `${warehouse}/bulk/${index}`
  for (let from = 0; from < 5_100; from += 100) {
    await Promise.all(Array.from({ length: 100 }, (_, index) => io.write(location(from + index), bytes)))
  }
  assert.equal((await Array.fromAsync(io.list(`${warehouse}/bulk/`))).length, 5_100)
  await io.remove(Array.from({ length: 5_200 }, (_, index) => location(index)))
  assert.deepEqual(await Array.fromAsync(io.list(`${warehouse}/bulk/`)), [])
})

test('a table is optimized, and PyIceberg reads it', { ...inAzure, timeout: 300_000 }, async (context) => {
  const pyiceberg = await startPyIceberg()
  if (pyiceberg.kind === 'unavailable') return context.skip(pyiceberg.why)
  context.after(() => pyiceberg.engine.stop())
  const readBy = {
    'py-io-impl': 'pyiceberg.io.pyarrow.PyArrowFileIO',
    'adls.account-name': account,
    'adls.account-key': key,
    'adls.blob-storage-authority': new URL(endpoint).host,
    'adls.blob-storage-scheme': 'http',
  }
  // Its client takes all of an authority for the container.
  const place = { settings, warehouse: 'abfs://lab/ware house 100%', readBy }
  await optimizeInStore(pyiceberg.engine, { ...place, names: ['größe & co', 'bestellungen ü 50% +1'] })
})

/** For an hour, all that Moraine does in the container, and nothing elsewhere. */
function containerSignature(): string {
  const permissions = 'rcwdl'
  const expiry = new Date(systemClock.now() + 3_600_000).toISOString().replace(/\.\d+Z$/, 'Z')
  const version = '2021-12-02'
  const fields = [permissions, '', expiry, `/blob/${account}/lab`, '', '', '', version, 'c', '', '', '', '', '', '', '']
  const signature = createHmac('sha256', Buffer.from(key, 'base64')).update(fields.join('\n')).digest('base64')
  return `sv=${version}&sr=c&sp=${permissions}&se=${encodeURIComponent(expiry)}&sig=${encodeURIComponent(signature)}`
}
