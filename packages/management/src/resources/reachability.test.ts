import assert from 'node:assert/strict'
import { test } from 'node:test'
import { at, T0 } from '../testing/build.ts'
import { lookAgain, type Reachability } from './reachability.ts'

const moment = (wallMs: number, monotonicMs = wallMs) => ({ now: at(wallMs), monotonicMs })
const START: Reachability = { since: T0, looked: moment(0), hasFailed: false, mayRenew: true }

/** Looks at these times, in seconds; before one with an exclamation mark the records could not be read. */
function sinceAfter(...looks: readonly (number | `${number}!`)[]): number {
  let state = START
  for (const look of looks) {
    const seconds = Number.parseFloat(String(look))
    state = lookAgain({ ...state, hasFailed: String(look).endsWith('!') }, moment(seconds * 1000), 40_000)
  }
  return (state.since - T0) / 1000
}

test('while looks come in time, deadlines run from the start', () => {
  assert.equal(sinceAfter(30, 60, 100, 110), 0)
})

test('after a look that was late, or could not be made, they begin anew', () => {
  assert.equal(sinceAfter(30, 71), 71)
  assert.equal(sinceAfter(30, '35!'), 35)
  assert.equal(sinceAfter(30, '35!', 60, 90), 35)
  assert.equal(sinceAfter(30, '35!', 60, '90!'), 90)
})

test('where each look is late, or fails before it succeeds, they run all the same', () => {
  assert.equal(sinceAfter(50, 100, 150, 200), 50)
  assert.equal(sinceAfter('10!', '20!', '30!'), 10)
})

test('where the clock was set, forward or back, deadlines begin anew, once', () => {
  const hours = 12 * 3_600_000
  for (const setMs of [-hours, hours, 10_000]) {
    const first = lookAgain(START, moment(setMs + 30_000, 30_000), 40_000)
    assert.equal(first.since, at(setMs + 30_000))
    assert.equal(lookAgain(first, moment(setMs + 60_000, 60_000), 40_000).since, first.since)
  }
  assert.equal(lookAgain(START, moment(32_000, 30_000), 40_000).since, T0, 'it only went a little faster')
})
