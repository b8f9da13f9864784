import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TableId } from '@moraine/lifecycle/identity'
import type { EpochMs } from '@moraine/stdx/brand'
import type { Blocker } from '../records/blocker.ts'
import { at, T0 } from '../testing/build.ts'
import { findHold, type HoldFacts, holdsCommits } from './hold.ts'
import { openingBook } from './opening-book.ts'

const NOON = Date.parse('2026-03-02T12:00:00Z') as EpochMs
const NIGHTLY = '0 22 * * * for 6h'
const OVER_NOON = '0 11 * * * for 2h'

function hold(parts: Partial<HoldFacts> = {}, now: EpochMs = NOON) {
  const facts = {
    pause: undefined,
    settings: { windows: '', blackouts: '' },
    group: undefined,
    blockers: [],
    isRequested: false,
    ...parts,
  }
  return findHold(facts, openingBook(), now)
}

const group = (properties: Readonly<Record<string, string>>) => ({ name: 'etl', container: 'local', properties })

function blocker(parts: Partial<Blocker> = {}): Blocker {
  return {
    blockerId: 'b1',
    tableId: 1 as TableId,
    operations: ['optimize'],
    properties: { application: 'nightly' },
    createdAt: T0,
    remainingMs: 5000,
    ...parts,
  }
}

test('nothing holds a table that nobody restrains', () => {
  assert.equal(hold(), undefined)
  assert.equal(hold({ group: group({ paused: 'false' }) }), undefined)
})

test('a hold says who and what, and when it ends', () => {
  assert.deepEqual(hold({ pause: { since: T0, by: 'ana', reason: 'migration' } }), {
    kind: 'paused',
    text: 'paused by ana: migration',
    until: undefined,
  })
  assert.match(hold({ group: group({ paused: 'true' }) })?.text ?? '', /resource group 'etl' is paused/)
  const blocked = hold({ blockers: [blocker(), blocker({ blockerId: 'b2', remainingMs: 1000 })] }, at(1000))
  assert.deepEqual(blocked, { kind: 'blocked', text: 'blocked by lease b1 (application=nightly)', until: at(2000) })
  const outside = hold({ settings: { windows: NIGHTLY, blackouts: '' } })
  assert.equal(outside?.kind, 'outside-windows')
  assert.equal(outside?.until, Date.parse('2026-03-02T22:00:00Z'))
  assert.equal(outside?.text, `outside of its windows (self-optimizing.windows: ${NIGHTLY})`)
  assert.equal(hold({ settings: { windows: '', blackouts: OVER_NOON } })?.until, Date.parse('2026-03-02T13:00:00Z'))
})

test('a blocker that is over, or forbids something else, holds nothing', () => {
  assert.equal(hold({ blockers: [blocker({ operations: ['batch-write'] })] }, at(0)), undefined)
})

test('windows of the group hold as those of the table do, and both must be open', () => {
  const ofGroup = hold({ group: group({ windows: NIGHTLY }) })
  assert.match(ofGroup?.text ?? '', /windows of group 'etl'/)
  const both = { settings: { windows: OVER_NOON, blackouts: '' }, group: group({ windows: NIGHTLY }) }
  assert.equal(hold(both)?.kind, 'outside-windows')
  assert.equal(hold({ settings: both.settings }), undefined)
})

test('what a person asked for does not wait for windows, but for everything else', () => {
  assert.equal(hold({ isRequested: true, settings: { windows: NIGHTLY, blackouts: '' } }), undefined)
  assert.equal(hold({ isRequested: true, settings: { windows: '', blackouts: OVER_NOON } })?.kind, 'blackout')
  assert.equal(hold({ isRequested: true, pause: { since: T0 } })?.kind, 'paused')
})

test('windows that cannot be read are no leave', () => {
  const unreadable = hold({ group: group({ windows: 'at night' }) })
  assert.equal(unreadable?.kind, 'windows-unreadable')
  assert.match(unreadable?.text ?? '', /windows of group 'etl'.*window 'at night'/)
})

test('only the end of a window lets commits through', () => {
  const outside = hold({ settings: { windows: NIGHTLY, blackouts: '' } })
  const blackout = hold({ settings: { windows: '', blackouts: OVER_NOON } })
  assert.ok(outside && blackout)
  assert.equal(holdsCommits(outside), false)
  assert.equal(holdsCommits(blackout), true)
})

test('an opening that is kept is what it would be if worked out again, on a clock that is set back too', () => {
  const book = openingBook()
  const times = ['21:00', '22:00', '23:59', '03:59', '04:00', '21:30', '22:30', '02:00', '01:00', '12:00']
  for (const [index, time] of times.entries()) {
    const now = Date.parse(`2026-03-${index < 3 ? '02' : '03'}T${time}:00Z`) as EpochMs
    assert.deepEqual(book.find(NIGHTLY, OVER_NOON, now), openingBook().find(NIGHTLY, OVER_NOON, now), time)
  }
})

test('windows that never open are told from those that are closed', () => {
  const closed = hold({ settings: { windows: '0 2 30 2 * for 1h', blackouts: '' } })
  assert.deepEqual([closed?.kind, closed?.never, closed?.until], ['outside-windows', true, undefined])
  assert.match(closed?.text ?? '', /0 2 30 2 \* for 1h\), and that never ends: windows and blackouts leave no time/)
  assert.equal(hold({ settings: { windows: NIGHTLY, blackouts: '' } })?.never, undefined)
})
