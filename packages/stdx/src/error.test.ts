import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeError, MoraineError } from './error.ts'

test('causes are told after one another, and none twice', () => {
  const cause = new Error('connect ECONNREFUSED 127.0.0.1:1', { cause: new Error('no route') })
  const told = 'connect ECONNREFUSED 127.0.0.1:1: no route'
  assert.equal(describeError(cause), told)
  assert.equal(describeError(new MoraineError('unavailable', 'no answer', { cause })), `no answer: ${told}`)
  const sayingSo = `no answer: ${describeError(cause)}; try again`
  assert.equal(describeError(new MoraineError('unavailable', sayingSo, { cause })), sayingSo)
  const same = new Error('connect ECONNREFUSED', { cause: new Error('connect ECONNREFUSED') })
  assert.equal(describeError(same), 'connect ECONNREFUSED')
  assert.equal(describeError(new Error('no answer', { cause: new Error('') })), 'no answer')
})
