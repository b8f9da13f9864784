import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MoraineError } from '@moraine/stdx/error'
import { endCodeOf } from './stop-signal.ts'

test('who was stopped ends with the code of the signal; what failed by itself keeps its own', () => {
  const stopping = new AbortController()
  const aborted = new MoraineError('aborted', 'the plan was given up')
  assert.equal(endCodeOf(aborted, stopping.signal), 1)
  stopping.abort(new MoraineError('aborted', 'stopped by SIGINT', { context: { exit: 130 } }))
  assert.equal(endCodeOf(aborted, stopping.signal), 130)
  assert.equal(endCodeOf(stopping.signal.reason, stopping.signal), 130)
  assert.equal(endCodeOf(new MoraineError('corrupt', 'x'), stopping.signal), 1)
  assert.equal(endCodeOf(new MoraineError('unavailable', 'x'), stopping.signal), 3)
})
