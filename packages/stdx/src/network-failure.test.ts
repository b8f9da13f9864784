import assert from 'node:assert/strict'
import { test } from 'node:test'
import { innermostFailure, networkFailureText } from './network-failure.ts'

const failure = (message: string, code: string) => Object.assign(new Error(message), { code })
const told = (error: unknown) => networkFailureText(innermostFailure(error))

test('what fetch wraps is told, with what it means', () => {
  const refused = failure('connect ECONNREFUSED ::1:80', 'ECONNREFUSED')
  const both = new AggregateError([refused, failure('connect ECONNREFUSED 127.0.0.1:80', 'ECONNREFUSED')])
  for (const cause of [refused, both]) {
    assert.equal(told(new TypeError('fetch failed', { cause })), 'connect ECONNREFUSED ::1:80 (nothing listens there)')
  }
  assert.equal(
    told(new TypeError('fetch failed', { cause: failure('getaddrinfo ENOTFOUND h', 'ENOTFOUND') })),
    'getaddrinfo ENOTFOUND h (there is no host of that name)',
  )
})

test('what has no words of its own is told by its code, in one line', () => {
  assert.equal(told(failure('', 'EPIPE')), 'EPIPE')
  assert.equal(told(failure('one\ntwo\n', 'X')), 'one')
  assert.equal(told('text'), 'text')
})
