import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import { systemRandom } from '@moraine/stdx/random'
import { diskOf } from '@moraine/testkit/faults/fault-plan'
import { faultyFileIO } from '@moraine/testkit/faults/faulty-file-io'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { localFileIO } from './local-file-io.ts'
import { publishFromLocal, stageToLocal } from './stage-files.ts'
import { withRetry } from './with-retry.ts'

const local = localFileIO(systemRandom)
const random = systemRandom
const bytes = new TextEncoder().encode('bytes')

async function directoryFor(t: TestContext, parent = tmpdir()): Promise<string> {
  const directory = await mkdtemp(join(parent, 'moraine-staging-'))
  t.after(() => rm(directory, { recursive: true }))
  return directory
}

const inodeOf = async (path: string) => (await stat(path)).ino

/** Another file system than that of temporary files, where there is one. */
const OTHER_DISK = '/dev/shm'
const otherDisk = {
  skip:
    !existsSync(OTHER_DISK) || (await stat(OTHER_DISK)).dev === (await stat(tmpdir())).dev ? 'one disk only' : false,
}

test('a local file is staged as itself', async (t) => {
  const root = await directoryFor(t)
  await local.write(`${root}/table/a %20`, bytes)
  await stageToLocal(local, `file:${root}/table/a %20`, `${root}/staged`)
  assert.equal(await inodeOf(`${root}/staged`), await inodeOf(`${root}/table/a %20`))
  await symlink('a %20', `${root}/table/link`)
  await stageToLocal(local, `${root}/table/link`, `${root}/staged-link`)
  assert.equal(await inodeOf(`${root}/staged-link`), await inodeOf(`${root}/table/a %20`))
})

test('a file of another file system is staged as a copy', otherDisk, async (t) => {
  const root = await directoryFor(t)
  const other = await directoryFor(t, OTHER_DISK)
  await local.write(`${root}/a`, bytes)
  await stageToLocal(local, `${root}/a`, `${other}/staged`)
  assert.equal(await readFile(`${other}/staged`, 'utf8'), 'bytes')
  await assert.rejects(stageToLocal(local, `${root}/a`, `${other}/staged`), (error) => isKind(error, 'already-exists'))
})

test('an object of a store is downloaded in ranges', async (t) => {
  const root = await directoryFor(t)
  const store = memoryFileIO()
  for (const sizeBytes of [0, 1, 8 * 2 ** 20, 8 * 2 ** 20 + 1, 50_000_000]) {
    const object = new Uint8Array(sizeBytes).map((_, index) => (index >> 3) % 251)
    await store.write(`s3://b/${sizeBytes}`, object)
    await stageToLocal(store, `s3://b/${sizeBytes}`, `${root}/${sizeBytes}`)
    assert.equal(Buffer.compare(await readFile(`${root}/${sizeBytes}`), object), 0)
  }
})

test('what cannot be staged leaves no file', async (t) => {
  const root = await directoryFor(t)
  const store = memoryFileIO()
  await store.write('s3://b/a', new Uint8Array(20_000_000))
  const broken = faultyFileIO(
    store,
    ({ operation }) => (operation === 'readRange' ? { kind: 'short' } : undefined),
    virtualClock(),
  )
  await assert.rejects(stageToLocal(broken, 's3://b/a', `${root}/a`), (error) => isKind(error, 'corrupt'))
  await assert.rejects(stageToLocal(store, 's3://b/none', `${root}/a`), (error) => isKind(error, 'not-found'))
  await assert.rejects(stageToLocal(local, `${root}/none`, `${root}/a`), (error) => isKind(error, 'not-found'))
  await assert.rejects(stageToLocal(store, 's3://b/a', `${root}/a`, AbortSignal.abort()), (error) =>
    isKind(error, 'aborted'),
  )
  assert.deepEqual(await readdir(root), [])
  await writeFile(`${root}/taken`, 'x')
  await assert.rejects(stageToLocal(store, 's3://b/a', `${root}/taken`), (error) => isKind(error, 'already-exists'))
  assert.equal(await readFile(`${root}/taken`, 'utf8'), 'x')
})

test('a local file is published as itself, once', async (t) => {
  const root = await directoryFor(t)
  await writeFile(`${root}/out`, 'new')
  await writeFile(`${root}/other`, 'other')
  const publish = (path: string, createOnly: boolean) =>
    publishFromLocal(local, path, `file://${root}/table/data/1`, { random, createOnly })
  assert.equal(await publish(`${root}/out`, true), 'written')
  assert.equal(await publish(`${root}/other`, true), 'exists')
  assert.equal(await publish(`${root}/out`, true), 'written')
  assert.equal(await publish(`${root}/out`, false), 'written')
  assert.equal(await inodeOf(`${root}/table/data/1`), await inodeOf(`${root}/out`))
  assert.equal(await publish(`${root}/other`, false), 'written')
  assert.equal(await readFile(`${root}/table/data/1`, 'utf8'), 'other')
  assert.deepEqual(await readdir(`${root}/table/data`), ['1'])
  assert.deepEqual((await readdir(root)).sort(), ['other', 'out', 'table'])
})

test('a file of another file system is published as a copy', otherDisk, async (t) => {
  const root = await directoryFor(t)
  const other = await directoryFor(t, OTHER_DISK)
  await writeFile(`${other}/out`, 'bytes')
  assert.equal(await publishFromLocal(local, `${other}/out`, `${root}/a`, { random, createOnly: true }), 'written')
  assert.equal(await publishFromLocal(local, `${other}/out`, `${root}/a`, { random, createOnly: true }), 'exists')
  assert.deepEqual(await readdir(root), ['a'])
  assert.equal(await readFile(`${root}/a`, 'utf8'), 'bytes')
})

test('to a store a local file is uploaded, or not at all', async (t) => {
  const root = await directoryFor(t)
  const store = memoryFileIO()
  const output = new Uint8Array(20_000_001).map((_, index) => (index >> 5) % 249)
  await writeFile(`${root}/out`, output)
  assert.equal(await publishFromLocal(store, `${root}/out`, 's3://b/a', { random }), 'written')
  assert.equal(Buffer.compare(await store.read('s3://b/a'), output), 0)
  assert.equal(await publishFromLocal(store, `${root}/out`, 's3://b/a', { random, createOnly: true }), 'exists')
  const full = faultyFileIO(store, diskOf(10_000_000), virtualClock())
  await assert.rejects(publishFromLocal(full, `${root}/out`, 's3://b/c', { random }), (error) =>
    isKind(error, 'exhausted'),
  )
  await assert.rejects(publishFromLocal(store, `${root}/none`, 's3://b/c', { random }), (error) =>
    isKind(error, 'not-found'),
  )
  assert.deepEqual(store.locations(), ['s3://b/a'])
})

test('the upload of a small file whose answer is lost is made again, and finds what it wrote', async (t) => {
  const root = await directoryFor(t)
  await writeFile(`${root}/out`, bytes)
  const clock = { ...virtualClock(), sleep: async () => {} }
  const store = memoryFileIO()
  let calls = 0
  const lossy = faultyFileIO(
    store,
    () => {
      calls += 1
      return calls === 1 ? { kind: 'after', error: 'unavailable' } : undefined
    },
    clock,
  )
  const io = withRetry(lossy, { clock, random })
  assert.equal(await publishFromLocal(io, `${root}/out`, 's3://b/out', { createOnly: true, random }), 'written')
  assert.equal(Buffer.from(await store.read('s3://b/out')).toString(), 'bytes')
  assert.equal(await publishFromLocal(io, `${root}/out`, 's3://b/out', { createOnly: true, random }), 'exists')
})
