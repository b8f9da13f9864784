import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { systemClock } from '@moraine/stdx/clock'
import { isKind } from '@moraine/stdx/error'
import { systemRandom } from '@moraine/stdx/random'
import { fileIoConformance, SMALL_SCALE } from '@moraine/testkit/conformance/file-io'
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
