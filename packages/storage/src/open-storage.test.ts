import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { systemClock } from '@moraine/stdx/clock'
import { isKind } from '@moraine/stdx/error'
import { systemRandom } from '@moraine/stdx/random'
import { fileIoConformance, SMALL_SCALE } from '@moraine/testkit/conformance/file-io'
import { formatLocalFolders } from './local-folders.ts'
import { openStorage } from './open-storage.ts'
import type { StorageSettings } from './settings.ts'

const open = (settings: StorageSettings) => openStorage(settings, { clock: systemClock, random: systemRandom })

fileIoConformance(
  'storage of settings',
  async () => {
    const directory = await mkdtemp(join(tmpdir(), 'moraine-storage-'))
    return { io: open({}), root: `file:${directory}`, dispose: () => rm(directory, { recursive: true }) }
  },
  SMALL_SCALE,
)

test('all stores are there, and none is reached before it is used', async () => {
  const io = open({ 's3.access-key-id': 'id' })
  assert.ok(io.canCreateOnly('/a'))
  assert.ok(io.canCreateOnly('gs://b/a'))
  assert.ok(io.canCreateOnly('abfss://c@account.dfs.core.windows.net/a'))
  assert.ok(!io.canCreateOnly('obs://b/a'))
  assert.equal(io.localPath?.('file:/a/b'), '/a/b')
  assert.equal(io.localPath?.('s3://b/a'), undefined)
  assert.ok(io.canCreateOnly('hdfs://nn/a'))
  assert.throws(
    () => io.canCreateOnly('ftp://h/a'),
    /there is one for abfs, cos, file, gs, hdfs, obs, oss, s3, swebhdfs, /,
  )
  await assert.rejects(
    io.read('s3://b/a'),
    (error) => isKind(error, 'invalid-input') && /only together/.test(error.message),
  )
})

test('files of this machine are served from the folders that the settings name, and from nowhere else', async () => {
  const root = await mkdtemp(join(tmpdir(), 'moraine-folders-'))
  after(() => rm(root, { recursive: true }))
  const own = `${root}/a, b`
  const elsewhere = `${root}/a, b2/c`
  await open({}).write(elsewhere, Buffer.from('theirs'))
  const io = open({ 'local.folders': formatLocalFolders([`file:${own}/`]) })
  await io.write(`file://${own}/x`, Buffer.from('mine'))
  assert.equal(Buffer.from(await io.read(`${own}/x`)).toString(), 'mine')
  assert.equal(io.localPath?.(`${own}/x`), `${own}/x`)
  assert.equal((await Array.fromAsync(io.list(`${own}/`))).length, 1)
  assert.equal(io.localPath?.(elsewhere), undefined)
  const refused = (error: unknown) => isKind(error, 'permission') && /property local\.folders/.test(error.message)
  for (const spelled of [elsewhere, `file://${elsewhere}`, `file://localhost/${elsewhere}`]) {
    await assert.rejects(io.read(spelled), refused)
    await assert.rejects(io.readRange(spelled, 0, 1), refused)
    await assert.rejects(io.stat(spelled), refused)
    await assert.rejects(io.write(spelled, new Uint8Array()), refused)
    await assert.rejects(io.openWriter(spelled), refused)
    await assert.rejects(io.remove([`${own}/x`, spelled]), refused)
  }
  // Also what only starts as the folder does.
  await assert.rejects(Array.fromAsync(io.list(own)), refused)
  await assert.rejects(open({ 'local.folders': '' }).read(`${own}/x`), refused)
  assert.equal((await open({ 'local.folders': '/' }).read(elsewhere)).length, 6)
  assert.equal((await open({ 'local.folders': `/no/where, ${root}` }).read(elsewhere)).length, 6)
  assert.throws(() => open({ 'local.folders': 's3://b/a' }), /local\.folders: s3:\/\/b\/a is not on this machine/)
  assert.throws(() => open({ 'local.folders': '["/a", 1]' }), /no JSON array/)
})
