import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MoraineError } from '@moraine/stdx/error'
import { troubleLog } from './trouble-log.ts'

const gone = new MoraineError('unavailable', 'cannot connect to h:1')

function setUp() {
  const lines: string[] = []
  let now = 0
  const log = troubleLog({ monotonicMs: () => now }, (line) => lines.push(line))
  /** Fails each second for so long, or does something else. */
  const pass = (seconds: number, each: () => void = () => log.failed('thread 0', gone)) => {
    for (let at = 0; at < seconds; at += 1) {
      each()
      now += 1000
    }
  }
  return { log, lines, pass }
}

test('a service that goes and comes back makes two lines, however often it was tried', () => {
  const { log, lines, pass } = setUp()
  log.reached()
  pass(30)
  log.reached()
  log.reached()
  assert.deepEqual(lines, [
    'the service is lost: cannot connect to h:1; it is tried until it answers',
    'the service is back after 30.0 s',
  ])
})

test('a long outage is recalled, ever more rarely', () => {
  const { lines, pass } = setUp()
  pass(3600)
  assert.deepEqual(lines, [
    'the service is not reached: cannot connect to h:1; it is tried until it answers',
    'no service for 1 min: cannot connect to h:1',
    'no service for 3 min: cannot connect to h:1',
    'no service for 7 min: cannot connect to h:1',
    'no service for 15 min: cannot connect to h:1',
    'no service for 31 min: cannot connect to h:1',
  ])
})

test('a refusal is told once, and again when it is another one', () => {
  const { log, lines, pass } = setUp()
  log.reached()
  pass(10, () => {
    log.reached()
    log.failed('thread 0', new Error('the database is full'))
  })
  log.failed('thread 0', new Error('a bug'))
  assert.deepEqual(lines, ['thread 0: the database is full', 'thread 0: a bug'])
})

test('what is known besides is said with it', () => {
  const { log, lines } = setUp()
  log.failed('heartbeat', new MoraineError('corrupt', 'no Thrift'), 'h:1 answers in HTTP')
  assert.match(lines[0] ?? '', /no Thrift; h:1 answers in HTTP; it is tried/)
})

test('what would be told is known before, so that a reason is only looked for then', () => {
  const { log, pass } = setUp()
  assert.equal(log.isDue(gone), true)
  pass(30)
  assert.equal(log.isDue(gone), false)
  assert.equal(log.isDue(new MoraineError('permission', 'no')), false)
  pass(30, () => {})
  assert.equal(log.isDue(gone), true)
})
