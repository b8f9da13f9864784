import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ZOMBIE_GRACE_MS } from '../records/discard.ts'
import { at } from '../testing/build.ts'
import { beginsToDiscard, discardsAgain, sparedBefore } from './spared-discards.ts'

const moment = (ms: number, aheadMs = 0) => ({ now: at(ms + aheadMs), monotonicMs: ms })

test('what another clock may have listed is spared until any attempt is over', () => {
  const first = beginsToDiscard(moment(1000), true)
  assert.equal(sparedBefore(first), at(1000))
  const later = discardsAgain(first, moment(999 + ZOMBIE_GRACE_MS))
  assert.equal(sparedBefore(later), at(1000))
  assert.equal(sparedBefore(discardsAgain(later, moment(1000 + ZOMBIE_GRACE_MS))), undefined)
})

test('of a clock that nobody else had nothing is spared, until it is set', () => {
  const first = beginsToDiscard(moment(1000), false)
  assert.equal(sparedBefore(discardsAgain(first, moment(61_000))), undefined)
  const HOURS = 5 * 3_600_000
  const set = discardsAgain(first, moment(61_000, HOURS))
  assert.equal(sparedBefore(set), at(61_000 + HOURS))
  const again = discardsAgain(set, moment(121_000, HOURS))
  assert.equal(sparedBefore(again), at(61_000 + HOURS))
  assert.equal(sparedBefore(discardsAgain(again, moment(61_000 + ZOMBIE_GRACE_MS, HOURS))), undefined)
})
