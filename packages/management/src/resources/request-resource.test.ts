import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildResource, RESOURCE_1, T0 } from '../testing/build.ts'
import { requestResource } from './request-resource.ts'
import { threadMemoryMb } from './thread-memory.ts'

const group = { name: 'default', container: 'local', properties: { memory: '1024' } }

test('a request becomes a record, with what its group says of memory', () => {
  const request = { resourceId: RESOURCE_1, group, threads: 2, reason: 'asked for by root' }
  const { resource, changes } = requestResource(request, T0)
  assert.deepEqual(resource, buildResource())
  assert.deepEqual(changes, [
    { kind: 'hold-group', group: 'default' },
    { kind: 'add-resource', resource },
  ])
  assert.equal(threadMemoryMb({ ...group, properties: {} }), 512)
})

test('threads and memory that cannot be are refused', () => {
  for (const threads of [0, -1, 1.5, 1025, Number.NaN]) {
    const request = { resourceId: RESOURCE_1, group, threads, reason: '' }
    assert.throws(() => requestResource(request, T0), /1 to 1024 threads/)
  }
  for (const memory of ['0', '1g', '-5', '']) {
    assert.throws(() => threadMemoryMb({ ...group, properties: { memory } }), /a whole number of MB/)
  }
})
