import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import { ownFilesOnly } from '../access/shown-files.ts'
import { fileCache } from './file-cache.ts'

const shownOf = (name: string, location: string) =>
  ownFilesOnly(memoryFileIO(), {
    catalog: 'lake',
    table: { namespace: ['db'], name },
    metadata: { location, properties: {} },
  })
const never = (): Promise<never> => assert.fail('it is held, or not shown')

test('what is held is shown to whom the file is shown, and to nobody else', async () => {
  const cache = fileCache<{ readonly text: string }>(10, () => 1)
  const a = shownOf('a', 's3://lake/a')
  const file = { location: 's3://lake/a/f' }
  assert.deepEqual(await cache.read(a, file, async () => ({ text: 'one' })), { text: 'one' })
  assert.deepEqual(await cache.read(a, file, never), { text: 'one' })
  await assert.rejects(cache.read(shownOf('b', 's3://lake/b'), file, never), (error) => isKind(error, 'permission'))
})

test('another table that is shown the same file makes its own of it', async () => {
  const cache = fileCache<{ readonly text: string }>(10, () => 1)
  const file = { location: 's3://lake/a/f' }
  await cache.read(shownOf('a', 's3://lake/a'), file, async () => ({ text: 'one' }))
  assert.deepEqual(await cache.read(shownOf('b', 's3://lake/a'), file, async () => ({ text: 'two' })), { text: 'two' })
})

test('nothing is kept of what was not there, or is made otherwise', async () => {
  const cache = fileCache<{ readonly text: string }>(10, () => 1)
  const a = shownOf('a', 's3://lake/a')
  const file = { location: 's3://lake/a/f' }
  assert.equal(await cache.read(a, file, async () => undefined), undefined)
  await cache.read(a, file, async () => ({ text: 'one' }))
  assert.deepEqual(await cache.read(a, { ...file, as: '2' }, async () => ({ text: 'two' })), { text: 'two' })
})
