import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import { fileIoConformance, SMALL_SCALE } from '@moraine/testkit/conformance/file-io'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import { schemeFileIO } from './scheme-file-io.ts'

const bytes = new Uint8Array(1)

fileIoConformance(
  'by scheme',
  async () => {
    return { io: schemeFileIO(new Map([['s3', memoryFileIO()]])), root: 's3n://bucket/root', dispose: async () => {} }
  },
  SMALL_SCALE,
)

test('each location goes to the store of its scheme', async () => {
  const s3 = memoryFileIO()
  const file = memoryFileIO({ createOnly: false })
  const io = schemeFileIO(
    new Map([
      ['s3', s3],
      ['file', file],
    ]),
  )
  for (const location of ['s3a://b/1', 's3://b/2', '/3', 'file:/4']) await io.write(location, bytes)
  assert.deepEqual(s3.locations(), ['s3a://b/1', 's3://b/2'])
  assert.deepEqual(file.locations(), ['/3', 'file:/4'])
  assert.ok(io.canCreateOnly('s3n://b/1'))
  assert.ok(!io.canCreateOnly('/1'))
  await io.remove(['/3', 's3://b/1', 'file:///4', 's3://b/2'])
  assert.deepEqual([...s3.locations(), ...file.locations()], [])
})

test('a scheme without a store is named, with those that have one', async () => {
  const io = schemeFileIO(
    new Map([
      ['s3', memoryFileIO()],
      ['file', memoryFileIO()],
    ]),
  )
  const refused = (promise: Promise<unknown>) =>
    assert.rejects(
      promise,
      (error) =>
        isKind(error, 'unsupported') &&
        error.message === 'hdfs://nn/a: there is no store for hdfs://; there is one for file, s3',
    )
  await refused(io.read('hdfs://nn/a'))
  await refused(io.remove(['/a', 'hdfs://nn/a']))
  await refused(Array.fromAsync(io.list('hdfs://nn/a')))
  assert.throws(
    () => io.canCreateOnly('hdfs://nn/a'),
    (error) => isKind(error, 'unsupported'),
  )
})
