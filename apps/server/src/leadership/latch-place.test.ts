import assert from 'node:assert/strict'
import { test } from 'node:test'
import { latchPlace, latchPrefix } from './latch-place.ts'

const A = latchPrefix('aaaaaaaa-0000-4000-8000-000000000000')
const B = latchPrefix('bbbbbbbb-0000-4000-8000-000000000000')
const C = latchPrefix('cccccccc-0000-4000-8000-000000000000')

test('the lowest sequence has its turn, whatever the ids; each other watches the one before it', () => {
  const children = [`${B}0000000010`, `${C}0000000002`, `${A}0000000009`]
  assert.deepEqual(latchPlace(children, C), {
    kind: 'in-line',
    node: `${C}0000000002`,
    predecessor: undefined,
    surplus: [],
  })
  assert.deepEqual(latchPlace(children, A), {
    kind: 'in-line',
    node: `${A}0000000009`,
    predecessor: `${C}0000000002`,
    surplus: [],
  })
})

test('who has no node is not in line; strangers do not count', () => {
  assert.deepEqual(latchPlace([], A), { kind: 'absent' })
  assert.deepEqual(latchPlace([`${B}0000000001`], A), { kind: 'absent' })
  const place = latchPlace(['notes', 'latch-', `${A}0000000004`], A)
  assert.equal(place.kind === 'in-line' && place.predecessor, undefined)
})

test('a node without an id, as older participants make them, counts', () => {
  const place = latchPlace(['latch-0000000001', `${A}0000000004`], A)
  assert.equal(place.kind === 'in-line' && place.predecessor, 'latch-0000000001')
})

test('of two nodes of one participant the first counts, and the other is in the way', () => {
  assert.deepEqual(latchPlace([`${A}0000000007`, `${B}0000000005`, `${A}0000000004`], A), {
    kind: 'in-line',
    node: `${A}0000000004`,
    predecessor: undefined,
    surplus: [`${A}0000000007`],
  })
})
