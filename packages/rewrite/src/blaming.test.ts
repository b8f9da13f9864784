import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DataInput, DeleteInput, RewriteGroup } from '@moraine/maintenance/plan/rewrite-plan'
import { MoraineError } from '@moraine/stdx/error'
import { blaming } from './blaming.ts'

const data = (filePath: string): DataInput => ({
  ...{ filePath, fileFormat: 'parquet', recordCount: 1, fileSizeBytes: 1, dataSequenceNumber: 1, deletes: [] },
})
const deletes = (filePath: string): DeleteInput => ({
  ...{ content: 'position-deletes', filePath, fileFormat: 'parquet', specId: 0, partition: [] },
  ...{ recordCount: 1, fileSizeBytes: 1, dataSequenceNumber: 1 },
})
const group: RewriteGroup = {
  ...{ groupId: 1, specId: 0, partition: [], partitionPath: '', targetSizeBytes: 1 },
  method: { kind: 'rewrite', reason: 'test' },
  inputs: [data('/t/a'), data('/t/ab'), data('/t/b')],
  deletes: [deletes('/t/a-deletes'), deletes('/t/c')],
}

function blamed(message: string, kind: 'corrupt' | 'not-found' | 'unavailable' = 'corrupt'): unknown {
  const error = blaming(new MoraineError(kind, message, { context: { column: 'x' } }), group)
  assert.ok(error instanceof MoraineError)
  assert.deepEqual([error.kind, error.message, error.context['column']], [kind, message, 'x'])
  return error.context['unreadableFile']
}

test('the file that a failure names is blamed, whatever begins like it', () => {
  assert.equal(blamed('/t/a is damaged'), '/t/a')
  assert.equal(blamed('/t/ab is damaged'), '/t/ab')
  assert.equal(blamed('there is no /t/c', 'not-found'), '/t/c')
  assert.equal(blamed('/t/a-deletes is cut off'), '/t/a-deletes')
})

test('of a delete file and a data file that do not fit, the data file', () => {
  assert.equal(blamed('/t/a-deletes deletes row 9 of /t/b, which has 1 row'), '/t/b')
})

test('nobody is blamed for what is no fault of one file', () => {
  assert.equal(blamed('reading /t/a failed: the store cannot be reached', 'unavailable'), undefined)
  assert.equal(blamed('/elsewhere/x is damaged'), undefined)
  const other = new TypeError('/t/a')
  assert.equal(blaming(other, group), other)
})
