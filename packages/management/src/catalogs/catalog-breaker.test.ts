import assert from 'node:assert/strict'
import { test } from 'node:test'
import { later } from '@moraine/stdx/brand'
import type { Moment } from '@moraine/stdx/clock'
import { T0 } from '../testing/build.ts'
import {
  admission,
  type BreakerEvent,
  type CatalogBreaker,
  CLOSED,
  LONGEST_PAUSE_MS,
  moveBreaker,
  outageOf,
  SHORTEST_PAUSE_MS,
  UNANSWERED_MAX,
} from './catalog-breaker.ts'

const moment = (ms: number): Moment => ({ now: later(T0, ms), monotonicMs: ms })
const UNANSWERED: BreakerEvent = { kind: 'unanswered', reason: 'no route to host' }
const SILENCE = { since: T0, calls: UNANSWERED_MAX, reason: 'no route to host' }

const STATES = {
  closed: { kind: 'closed', silence: { ...SILENCE, calls: 1 } },
  doubtful: { kind: 'closed', silence: { ...SILENCE, calls: UNANSWERED_MAX - 1 } },
  open: { kind: 'open', silence: SILENCE, pauseMs: 20_000, tryAtMs: 5001 },
  due: { kind: 'open', silence: SILENCE, pauseMs: 20_000, tryAtMs: 5000 },
  'half-open': { kind: 'half-open', silence: SILENCE, pauseMs: 20_000 },
} as const satisfies Record<string, CatalogBreaker>

/** The state after, and when it is tried then. */
const EXPECTED: Record<keyof typeof STATES, Record<BreakerEvent['kind'], string>> = {
  closed: { answered: 'closed', unanswered: 'closed', begun: 'closed', ended: 'closed', hurried: 'closed' },
  doubtful: { answered: 'closed', unanswered: 'open 15000', begun: 'closed', ended: 'closed', hurried: 'closed' },
  open: { answered: 'closed', unanswered: 'open 5001', begun: 'open 5001', ended: 'open 5001', hurried: 'open 5000' },
  due: { answered: 'closed', unanswered: 'open 5000', begun: 'half-open', ended: 'open 5000', hurried: 'open 5000' },
  'half-open': {
    answered: 'closed',
    unanswered: 'open 45000',
    begun: 'half-open',
    ended: 'open 5000',
    hurried: 'half-open',
  },
}

const EVENTS: Record<BreakerEvent['kind'], BreakerEvent> = {
  answered: { kind: 'answered' },
  unanswered: UNANSWERED,
  begun: { kind: 'begun' },
  ended: { kind: 'ended' },
  hurried: { kind: 'hurried' },
}

test('each state goes where it should by each event', () => {
  for (const [name, state] of Object.entries(STATES)) {
    for (const [kind, expected] of Object.entries(EXPECTED[name as keyof typeof STATES])) {
      const after = moveBreaker(state, EVENTS[kind as BreakerEvent['kind']], moment(5000))
      const told = after.kind === 'open' ? `open ${after.tryAtMs}` : after.kind
      assert.equal(told, expected, `${name}: ${kind}`)
      if (kind === 'answered') assert.deepEqual(after, CLOSED)
      if (kind === 'unanswered') assert.deepEqual(after.silence, { ...SILENCE, calls: state.silence.calls + 1 })
    }
  }
})

test('work is admitted freely, one piece of it, or not at all', () => {
  const told = Object.entries(STATES).map(([name, state]) => `${name}: ${admission(state, moment(5000))}`)
  assert.deepEqual(told, ['closed: any', 'doubtful: any', 'open: none', 'due: one', 'half-open: none'])
})

test('pauses become longer, up to a limit, and short again after an answer', () => {
  let breaker: CatalogBreaker = CLOSED
  let atMs = 0
  const pauses: number[] = []
  for (let calls = 0; calls < UNANSWERED_MAX + 7; calls += 1) {
    breaker = moveBreaker(breaker, { kind: 'begun' }, moment(atMs))
    breaker = moveBreaker(breaker, UNANSWERED, moment(atMs))
    if (breaker.kind !== 'open') continue
    pauses.push(breaker.tryAtMs - atMs)
    atMs = breaker.tryAtMs
  }
  const seconds = [10, 20, 40, 80, 160, 300, 300, 300]
  assert.deepEqual(
    pauses,
    seconds.map((each) => each * 1000),
  )
  assert.deepEqual([pauses[0], pauses.at(-1)], [SHORTEST_PAUSE_MS, LONGEST_PAUSE_MS])
  assert.equal(breaker.silence?.calls, UNANSWERED_MAX + 7)
  breaker = moveBreaker(breaker, { kind: 'answered' }, moment(atMs))
  assert.deepEqual(breaker, CLOSED)
})

test('an outage says since when, why, and when the catalog is tried', () => {
  assert.equal(outageOf('far', STATES.doubtful, moment(5000)), undefined)
  assert.deepEqual(outageOf('far', STATES.open, moment(1000)), { ...SILENCE, catalog: 'far', tryAt: later(T0, 5001) })
  assert.equal(outageOf('far', STATES.due, moment(9000))?.tryAt, later(T0, 9000))
  assert.equal(outageOf('far', STATES['half-open'], moment(9000))?.tryAt, later(T0, 9000))
  // A wall clock that was set forward by an hour leaves the pause as it is.
  assert.equal(outageOf('far', STATES.open, { now: later(T0, 3_600_000), monotonicMs: 1 })?.tryAt, later(T0, 3_605_000))
})
