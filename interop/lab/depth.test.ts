import assert from 'node:assert/strict'
import { test } from 'node:test'
import { depthOf } from './depth.ts'

test('what is no depth is refused', () => {
  assert.deepEqual([depthOf(undefined), depthOf('usual'), depthOf('all')], ['usual', 'usual', 'all'])
  for (const setting of ['', 'ALL', 'full', 'constructor']) assert.throws(() => depthOf(setting), /INTEROP_DEPTH/)
})
