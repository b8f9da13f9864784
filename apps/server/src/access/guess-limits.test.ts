import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EpochMs } from '@moraine/stdx/brand'
import { guessLimits, retryAfterOf } from './guess-limits.ts'

function setUp() {
  let now = 1_000_000
  const limits = guessLimits({ now: () => now as EpochMs })
  /** How long to wait; `undefined` if the guess was looked at. */
  const waits = (source: string, name: string): string | undefined => {
    try {
      limits.check(source, name)
      return undefined
    } catch (error) {
      return retryAfterOf(error) ?? assert.fail(String(error))
    }
  }
  const guess = (source: string, name: string) => {
    const wait = waits(source, name)
    if (wait === undefined) limits.failed(source, name)
    return wait
  }
  const pass = (ms: number) => {
    now += ms
  }
  return { limits, waits, guess, pass }
}

const times = (count: number) => Array.from({ length: count }, (_, at) => at)

test('a name is guessed a few times from a source, and then slowly; who is right elsewhere gets in', () => {
  const { guess, waits, pass } = setUp()
  assert.deepEqual([...new Set(times(10).map(() => guess('10.0.0.1', 'root')))], [undefined])
  assert.equal(guess('10.0.0.1', 'root'), '30')
  assert.equal(waits('10.0.0.2', 'root'), undefined)
  assert.equal(waits('10.0.0.1', 'etl'), undefined)
  pass(29_999)
  assert.equal(waits('10.0.0.1', 'root'), '1')
  pass(1)
  assert.deepEqual([guess('10.0.0.1', 'root'), guess('10.0.0.1', 'root')], [undefined, '30'])
})

test('guesses that come at once are all paid for', () => {
  const { limits, waits } = setUp()
  for (const _ of times(1000)) limits.failed('10.0.0.1', 'root')
  assert.equal(waits('10.0.0.1', 'root'), String(3600 + 10 * 30), 'an hour, and until none is missing')
})

test('a source that tries names is refused, but for those who were right there', () => {
  const { limits, guess, waits, pass } = setUp()
  limits.succeeded('10.0.0.1', 'etl')
  for (const at of times(100)) assert.equal(guess('10.0.0.1', `name-${at}`), undefined)
  assert.equal(guess('10.0.0.1', 'fresh'), '1')
  assert.equal(waits('10.0.0.1', 'etl'), undefined)
  assert.equal(waits('10.0.0.2', 'fresh'), undefined)
  pass(1000)
  assert.equal(guess('10.0.0.1', 'fresh'), undefined)
})

test('a name that is guessed from everywhere is guessed once from each source', () => {
  const { guess, waits, pass } = setUp()
  for (const at of times(100)) assert.equal(guess(`10.0.1.${at}`, 'root'), undefined)
  assert.equal(guess('10.0.1.1', 'root'), '30')
  assert.equal(waits('10.0.2.1', 'root'), undefined, 'who is right at once gets in')
  assert.deepEqual([guess('10.0.2.1', 'root'), guess('10.0.2.1', 'root')], [undefined, '30'])
  pass(700_000)
  assert.deepEqual([guess('10.0.2.1', 'root'), guess('10.0.2.1', 'root')], [undefined, undefined])
})

test('an IPv6 network is one source, and an IPv4 address is itself', () => {
  const { guess, waits } = setUp()
  for (const at of times(10)) guess(`2001:db8::${at + 1}`, 'root')
  assert.equal(waits('2001:db8:0:0:ffff::1', 'root'), '30')
  assert.equal(waits('2001:db8:0:1::1', 'root'), undefined)
  for (const _ of times(10)) guess('::ffff:10.0.0.1', 'root')
  assert.equal(waits('10.0.0.1', 'root'), '30')
  assert.equal(waits('::ffff:10.0.0.2', 'root'), undefined)
})
