import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MoraineError } from '@moraine/stdx/error'
import { failureLog } from './failure-log.ts'

test('what fails again and again for want of an answer is told once a minute, with how often', () => {
  const told: object[] = []
  const time = { ms: 0 }
  const log = failureLog({ error: (fields) => void told.push(fields) }, { monotonicMs: () => time.ms })
  const away = new MoraineError('unavailable', 'GET http://h/ got no answer')
  const fail = (requestId: string, error: Error = away) => log({ route: 'GET /x', requestId, error })
  for (const id of ['1', '2', '3']) fail(id)
  fail('4', new MoraineError('timeout', 'another'))
  time.ms = 60_000
  fail('5')
  const failure = away.message
  assert.deepEqual(told, [
    { route: 'GET /x', requestId: '1', failure },
    { route: 'GET /x', requestId: '4', failure: 'another' },
    { route: 'GET /x', requestId: '5', failure, othersLikeIt: 2 },
  ])
})

test('what nobody was told the reason of is in the log each time', () => {
  const told: object[] = []
  const log = failureLog({ error: (fields) => void told.push(fields) }, { monotonicMs: () => 0 })
  const bug = new Error('a bug')
  for (const requestId of ['1', '2']) log({ route: 'GET /x', requestId, error: bug })
  assert.equal(told.length, 2)
})
