import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { systemClock } from '@moraine/stdx/clock'
import { type ErrorKind, isKind } from '@moraine/stdx/error'
import { systemRandom } from '@moraine/stdx/random'
import { objectStoreFileIO } from '@moraine/storage/object-store-file-io'
import { OBJECT_STORE_SERVICES } from '@moraine/storage/object-store-service'
import { openStorage } from '@moraine/storage/open-storage'
import type { StorageSettings } from '@moraine/storage/settings'
import { publishFromLocal, stageToLocal } from '@moraine/storage/stage-files'
import { catalogConformance } from '@moraine/testkit/conformance/catalog'
import { fileIoConformance } from '@moraine/testkit/conformance/file-io'
import { FILESYSTEM_TRAITS, filesystemCatalogUnderTest } from './filesystem-catalog-under-test.ts'
import { startMinio, stopMinio } from './minio.ts'
import { openUploads } from './s3-objects.ts'

const NAME = `file-io-${process.pid}`
const minio = startMinio(NAME)
after(() => stopMinio(NAME))
const skip = 'skip' in minio ? minio.skip : undefined
const { settings, warehouse } = 'skip' in minio ? { settings: {}, warehouse: '' } : minio

const components = { clock: systemClock, random: systemRandom }

function s3(changed: StorageSettings = {}) {
  const service = OBJECT_STORE_SERVICES.find(({ schemes }) => schemes.includes('s3'))
  assert.ok(service)
  return objectStoreFileIO(service, { ...settings, ...changed }, components)
}

const storage = () => openStorage(settings, components)

// opendal drops space at the end of a key, so such keys are refused.
const options = { refusedNames: ['trailing '], skip }
const dispose = async () => {}

fileIoConformance('S3', async () => ({ io: s3(), root: `${warehouse}/plain #%20`, dispose }), options)
fileIoConformance(
  'S3 through all layers, as s3a',
  async () => ({ io: storage(), root: `${warehouse.replace('s3:', 's3a:')}/s3a`, dispose }),
  options,
)

if (skip === undefined) {
  let opened = 0
  catalogConformance('filesystem catalog on S3', FILESYSTEM_TRAITS, async () => {
    opened += 1
    return filesystemCatalogUnderTest(storage(), `${warehouse}/catalogs/${opened}`)
  })
}

const inS3 = { skip: skip ?? false }
const fails = (promise: Promise<unknown>, kind: ErrorKind, cause: RegExp) =>
  assert.rejects(promise, (error) => {
    assert.ok(isKind(error, kind), `${kind} expected: ${error}`)
    assert.match(String(error.cause), cause)
    return true
  })
const bytes = new TextEncoder().encode('bytes')

test('wrong credentials are a matter of permission', inS3, async () => {
  const wrong = s3({ 's3.secret-access-key': 'wrong' })
  await fails(wrong.read(`${warehouse}/a`), 'permission', /SignatureDoesNotMatch/)
  await fails(wrong.stat(`${warehouse}/a`), 'permission', /403/)
  await fails(wrong.write(`${warehouse}/a`, bytes), 'permission', /SignatureDoesNotMatch/)
  await fails(wrong.remove([`${warehouse}/a`]), 'permission', /SignatureDoesNotMatch/)
  await fails(Array.fromAsync(wrong.list(`${warehouse}/`)), 'permission', /SignatureDoesNotMatch/)
  const anonymous = objectStoreFileIO(
    OBJECT_STORE_SERVICES[0] ?? assert.fail(),
    {
      's3.endpoint': settings['s3.endpoint'] ?? '',
      's3.path-style-access': 'true',
      's3.anonymous': 'true',
    },
    components,
  )
  await fails(anonymous.read(`${warehouse}/a`), 'permission', /AccessDenied/)
})

test('a bucket that is not there is a wrong setting', inS3, async () => {
  await fails(s3().read('s3://no-such-bucket/a'), 'invalid-input', /NoSuchBucket/)
  await fails(s3().write('s3://no-such-bucket/a', bytes), 'invalid-input', /NoSuchBucket/)
  await fails(Array.fromAsync(s3().list('s3://no-such-bucket/')), 'invalid-input', /NoSuchBucket/)
})

test('a key that the store does not take is refused', inS3, async () => {
  await fails(s3().write(`${warehouse}/${'k'.repeat(1_100)}`, bytes), 'invalid-input', /KeyTooLong/)
})

test('more than one bulk removal and one page', inS3, async () => {
  const io = s3()
  const location = (index: number) => `${warehouse}/bulk/${index}`
  for (let from = 0; from < 2_200; from += 100) {
    await Promise.all(Array.from({ length: 100 }, (_, index) => io.write(location(from + index), bytes)))
  }
  assert.equal((await Array.fromAsync(io.list(`${warehouse}/bulk/`))).length, 2_200)
  await io.remove(Array.from({ length: 2_500 }, (_, index) => location(index)))
  assert.deepEqual(await Array.fromAsync(io.list(`${warehouse}/bulk/`)), [])
})

test('a large object that is written at once goes up in parts', inS3, async () => {
  const io = s3()
  const large = new Uint8Array(40_000_000).map((_, index) => index % 253)
  assert.equal(await io.write(`${warehouse}/large`, large), 'written')
  assert.equal(Buffer.compare(await io.read(`${warehouse}/large`), large), 0)
  assert.equal(await io.write(`${warehouse}/large`, new Uint8Array(40_000_000), { createOnly: true }), 'exists')
  assert.equal(Buffer.compare(await io.readRange(`${warehouse}/large`, 0, 1_000), large.subarray(0, 1_000)), 0)
})

test('files go up and come down whole', inS3, async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'moraine-s3-'))
  t.after(() => rm(directory, { recursive: true }))
  const content = new Uint8Array(50_000_000).map((_, index) => (index >> 4) % 241)
  await writeFile(`${directory}/out`, content)
  const location = `${warehouse}/published/part %20 #1.parquet`
  assert.equal(await publishFromLocal(storage(), `${directory}/out`, location, { random: systemRandom }), 'written')
  await stageToLocal(storage(), location, `${directory}/staged`)
  assert.equal(Buffer.compare(await readFile(`${directory}/staged`), content), 0)
})

test('a writer that is given up leaves no parts that cost', inS3, async () => {
  const key = `${warehouse}/given up/%20 #1`
  const writer = await s3().openWriter(key)
  for (let part = 0; part < 5; part += 1) await writer.write(new Uint8Array(8_000_000))
  assert.equal((await openUploads(settings, key)).length, 1)
  await writer.abort()
  assert.deepEqual(await openUploads(settings, key), [])
  const finished = await s3().openWriter(key)
  await finished.write(new Uint8Array(20_000_000))
  await finished.close()
  await finished.abort()
  assert.equal((await s3().stat(key))?.sizeBytes, 20_000_000)
})
