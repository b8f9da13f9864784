import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { GroupAllocation } from '../records/group-allocation.ts'
import { at } from '../testing/build.ts'
import { buildAllocationFacts, buildAllocationSettings } from '../testing/build-allocation.ts'
import { FRESH_MEMORY } from './allocation-memory.ts'
import { decideAllocation } from './decide-allocation.ts'
import { explainAllocation } from './explain-allocation.ts'
import { recordAllocation } from './record-allocation.ts'

const ON = { 'dynamic-allocation.enabled': 'true', 'dynamic-allocation.max-parallelism': '100' }

function explain(properties: Readonly<Record<string, string>>, last?: GroupAllocation, ms = 0) {
  return explainAllocation({ name: 'etl', container: 'local', properties }, last, at(ms))
}

function decided(planned: number, before?: GroupAllocation, ms = 0) {
  const facts = buildAllocationFacts({ registered: [2], busy: 2, planned })
  const settings = buildAllocationSettings()
  const decision = decideAllocation({ settings, facts, backOff: undefined, memory: FRESH_MEMORY, now: at(ms) })
  return recordAllocation('etl', decision, before, at(ms))
}

test('a group without allocation, with a wrong one and one that nobody has seen say so', () => {
  assert.deepEqual(
    [explain({}).rule, explain({}).text],
    ['off', 'dynamic allocation is off (dynamic-allocation.enabled)'],
  )
  const wrong = explain({ ...ON, 'dynamic-allocation.min-parallelism': '101' })
  assert.equal(wrong.rule, 'invalid')
  assert.match(wrong.text, /cannot work: dynamic-allocation\.min-parallelism is 101/)
  assert.equal(explain(ON).rule, 'unseen')
})

test('a decision is told as it stands at the moment of asking', () => {
  const last = decided(5)
  assert.equal(
    explain(ON, last, 12_000).text,
    '2 tasks running and 5 waiting for 2 threads: backlog for 12.0 s of 1 min',
  )
  assert.match(explain(ON, last).remedy, /scheduler-backlog-timeout/)
  assert.equal(explain({}, last).last, last)
})

test('the record of a decision changes only with what it tells', () => {
  const first = decided(5)
  assert.equal(decided(5, first), first)
  assert.equal(decided(5, JSON.parse(JSON.stringify(first)) as GroupAllocation, 0)?.launches, 0)
  const second = decided(6, first, 4000)
  assert.notEqual(second, first)
  assert.equal(second.since, first.since, 'it is still a backlog')
  const done = decided(0, second, 9000)
  assert.deepEqual([done.verdict.rule, done.since, done.backlogSince], ['enough', at(9000), undefined])
})
