import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { systemClock } from '@moraine/stdx/clock'
import { type ErrorKind, isKind } from '@moraine/stdx/error'
import { type Random, systemRandom } from '@moraine/stdx/random'
import { fileIoConformance } from '@moraine/testkit/conformance/file-io'
import { objectStoreFileIO } from './object-store-file-io.ts'
import { OBJECT_STORE_SERVICES, type ObjectStoreService } from './object-store-service.ts'
import type { StorageSettings } from './settings.ts'

const components = { clock: systemClock, random: systemRandom }

function serviceOf(scheme: string): ObjectStoreService {
  const service = OBJECT_STORE_SERVICES.find(({ schemes }) => schemes.includes(scheme))
  assert.ok(service)
  return service
}

// opendal's files, which stand in for a store.
function filesService(more: ObjectStoreService['more']): ObjectStoreService {
  return { schemes: ['files'], service: 'fs', canCreateOnly: false, options: {}, otherSettings: [], more }
}

// JSON of settings by Iceberg's names, with a `warehouse` to write in: what interop/lab/minio.sh start prints.
const server = process.env['MORAINE_TEST_S3']
fileIoConformance(
  'S3 of MORAINE_TEST_S3',
  async () => {
    const settings = JSON.parse(server ?? '{}') as StorageSettings
    const root = `${settings['warehouse']}/file-io-${Date.now()} #%20`
    return { io: objectStoreFileIO(serviceOf('s3'), settings, components), root, dispose: async () => {} }
  },
  { refusedNames: ['trailing '], skip: server === undefined ? 'MORAINE_TEST_S3 is not set' : undefined },
)

test('objects are written, read, listed and removed', async (t) => {
  // opendal's files stand in for a store, so that this needs no server; `interop/storage` has one.
  const directory = await mkdtemp(join(tmpdir(), 'moraine-opendal-'))
  t.after(() => rm(directory, { recursive: true }))
  const more = (bucket: string) => ({ root: `${directory}/${bucket}`, atomic_write_dir: `${directory}/unfinished` })
  const io = objectStoreFileIO(filesService(more), {}, components)
  const bytes = Uint8Array.from({ length: 1000 }, (_, index) => index % 251)
  assert.equal(await io.write('files://one/a b/1', bytes), 'written')
  assert.equal(await io.write('files://two/a b/2', bytes), 'written')
  const writer = await io.openWriter('files://one/a b/c/3')
  for (let part = 0; part < 20; part += 1) await writer.write(new Uint8Array(1_000_000).fill(part))
  assert.equal(await io.stat('files://one/a b/c/3'), undefined)
  assert.equal(await writer.close(), 'written')
  assert.deepEqual(await io.read('files://two/a b/2'), bytes)
  assert.deepEqual(await io.readRange('files://one/a b/c/3', 12_999_999, 2), Uint8Array.of(12, 13))
  const listed = await Array.fromAsync(io.list('files://one/a'))
  assert.deepEqual(
    new Map(listed.map(({ location, sizeBytes }) => [location, sizeBytes])),
    new Map([
      ['files://one/a b/c/3', 20_000_000],
      ['files://one/a b/1', 1000],
    ]),
  )
  await io.remove(['files://one/a b/1', 'files://two/a b/2', 'files://two/a b/none', 'files://one/a b/'])
  assert.equal(await io.stat('files://two/a b/2'), undefined)
  assert.equal((await Array.fromAsync(io.list('files://one/'))).length, 1)
})

test('what would get another name is written under a plain one and copied', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'moraine-opendal-'))
  t.after(() => rm(directory, { recursive: true }))
  const more = (bucket: string) => ({ root: `${directory}/${bucket}`, atomic_write_dir: `${directory}/unfinished` })
  const seen: string[] = []
  const watching: Random = {
    bytes: (length) => {
      seen.push('a temporary name')
      return systemRandom.bytes(length)
    },
  }
  const service = { ...filesService(more), canCreateOnly: true, misnamedCharacter: /=/ }
  const io = objectStoreFileIO(service, {}, { clock: systemClock, random: watching })
  const bytes = Uint8Array.of(1, 2, 3)
  const keys = async () => (await Array.fromAsync(io.list('files://b/'))).map(({ location }) => location).sort()

  await io.write('files://b/t/plain', bytes)
  assert.deepEqual(seen, [])
  await io.write('files://b/t/p=1/q=2/a', bytes)
  const writer = await io.openWriter('files://b/t/p=1/b')
  await writer.write(bytes)
  assert.equal((await keys()).filter((key) => key.includes('/p=1/b')).length, 0)
  await writer.close()
  await writer.abort()
  const givenUp = await io.openWriter('files://b/t/p=1/c')
  await givenUp.write(bytes)
  await givenUp.abort()
  assert.equal(seen.length, 3)
  assert.deepEqual(await keys(), ['files://b/t/p=1/b', 'files://b/t/p=1/q=2/a', 'files://b/t/plain'])
  assert.deepEqual(await io.read('files://b/t/p=1/b'), bytes)

  assert.deepEqual([io.canCreateOnly('files://b/t/a'), io.canCreateOnly('files://b/p=1/a')], [true, false])
  for (const write of [
    () => io.write('files://b/p=1/a', bytes, { createOnly: true }),
    () => io.openWriter('files://b/p=1/a', { createOnly: true }),
  ]) {
    await assert.rejects(write, (error) => isKind(error, 'unsupported') && error.message.includes('files://b/p=1/a'))
  }
})

test('what the store takes for another name is refused, and a listing leaves out what was not asked for', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'moraine-opendal-'))
  t.after(() => rm(directory, { recursive: true }))
  const more = () => ({ root: directory })
  const listedPrefix = (prefix: string) => prefix.replace(/%.*/, '')
  const io = objectStoreFileIO({ ...filesService(more), confusedKeys: /\\/, listedPrefix }, {}, components)
  for (const name of ['d/%20/a', 'd/%20/b', 'd/%21/a']) await io.write(`files://b/${name}`, Uint8Array.of(1))
  const listed = (await Array.fromAsync(io.list('files://b/d/%20/'))).map(({ location }) => location)
  assert.deepEqual(listed.sort(), ['files://b/d/%20/a', 'files://b/d/%20/b'])
  await assert.rejects(
    io.remove(['files://b/d\\e']),
    (error) => isKind(error, 'unsupported') && /d\\e/.test(error.message),
  )
})

test('locations that are no object of the store are refused before anything is loaded', async () => {
  const io = objectStoreFileIO(serviceOf('s3'), {}, components)
  const refused = (promise: Promise<unknown>, kind: ErrorKind, message: RegExp) =>
    assert.rejects(promise, (error) => isKind(error, kind) && message.test(error.message))
  await refused(io.read('gs://bucket/a'), 'unsupported', /gs:\/\/bucket\/a is not an object of s3/)
  await refused(io.read('/a'), 'unsupported', /\/a is not an object of s3/)
  await refused(io.read('s3:///a'), 'invalid-input', /names no bucket/)
  await refused(io.read('s3://bucket/a/'), 'invalid-input', /names a directory/)
  await refused(io.write('s3://bucket', new Uint8Array()), 'invalid-input', /names a directory/)
  await refused(io.remove(['s3a://bucket/a//b']), 'unsupported', /s3a:\/\/bucket\/a\/\/b cannot be used/)
  await refused(Array.fromAsync(io.list('s3://bucket//a/')), 'unsupported', /cannot be used/)
  assert.equal(await io.stat('s3://bucket/a/'), undefined)
})

test('a server that cannot be reached is unavailable, and an abort does not wait for it', async () => {
  // Port 9 of this machine, discard, takes no connections.
  const io = objectStoreFileIO(
    serviceOf('s3'),
    { 's3.endpoint': 'http://127.0.0.1:9', 's3.anonymous': 'true' },
    components,
  )
  await assert.rejects(io.read('s3://bucket/a'), (error) => {
    return (
      isKind(error, 'unavailable') &&
      error.message.startsWith('reading s3://bucket/a failed: the store cannot be reached')
    )
  })
  const controller = new AbortController()
  const listing = Array.fromAsync(io.list('s3://bucket/a/', controller.signal))
  controller.abort(new Error('enough'))
  await assert.rejects(listing, (error) => isKind(error, 'aborted'))
})
