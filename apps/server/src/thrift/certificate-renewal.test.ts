import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decideRenewal, type Look, type Renewal } from './certificate-renewal.ts'

const first = { key: 'key 1', certificate: 'certificate 1' }
const second = { key: 'key 2', certificate: 'certificate 2' }
const HOUR_MS = 3_600_000
const read = (certificate: typeof first): Look => ({ kind: 'read', certificate })
const broken = (failure: string): Look => ({ kind: 'broken', failure })

/** What is done at each look, ten seconds apart, and what is shown at the end. */
function looks(...found: readonly Look[]) {
  let renewal: Renewal = { shown: first, trouble: undefined }
  const actions = found.map((look, at) => {
    const { next, action } = decideRenewal(renewal, look, at * 10_000)
    renewal = next
    return action
  })
  return { actions, shown: renewal.shown }
}

test('another pair is shown, once', () => {
  assert.deepEqual(looks(read(first), read(second), read(second)), {
    actions: ['none', 'renew', 'none'],
    shown: second,
  })
  const sameKey = { ...first, certificate: 'certificate 2' }
  assert.deepEqual(looks(read(sameKey)), { actions: ['renew'], shown: sameKey })
})

test('a pair that is being written is none of trouble', () => {
  const { actions, shown } = looks(broken('the key does not fit'), read(second), broken('the key does not fit'))
  assert.deepEqual([actions, shown], [['none', 'renew', 'none'], second])
})

test('one that stays broken is told once, another trouble again, and the old one stays', () => {
  const { actions, shown } = looks(broken('a'), broken('a'), broken('a'), broken('b'), broken('b'), read(first))
  assert.deepEqual([actions, shown], [['none', 'warn', 'none', 'none', 'warn', 'none'], first])
})

test('it is told again each hour', () => {
  const trouble = { failure: 'a', toldAtMs: 0 }
  assert.equal(decideRenewal({ shown: first, trouble }, broken('a'), HOUR_MS - 1).action, 'none')
  assert.equal(decideRenewal({ shown: first, trouble }, broken('a'), HOUR_MS).action, 'warn')
})
