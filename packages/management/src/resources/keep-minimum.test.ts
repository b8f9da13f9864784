import assert from 'node:assert/strict'
import { test } from 'node:test'
import { at, buildOptimizer, buildResource, OPTIMIZER_2, RESOURCE_2, T0 } from '../testing/build.ts'
import { keepMinimum, minimumProblem, minimumThreads, missingThreads } from './keep-minimum.ts'

const requested = buildResource({ resourceId: RESOURCE_2, threads: 1 })

test('what is registered and what comes counts, what goes does not', () => {
  const present = buildResource({ state: { status: 'launched', launchedAt: T0 } })
  const draining = buildOptimizer({
    optimizerId: OPTIMIZER_2,
    resourceId: '',
    state: { status: 'draining', touchedAt: T0 },
  })
  const group = { least: 6, resources: [present, requested], optimizers: [buildOptimizer(), draining] }
  const decision = keepMinimum(group, undefined)
  assert.deepEqual(decision, { threads: 3, reason: '3 of at least 6 threads (min-parallelism)' })
})

test('nothing is requested above the minimum, without one, or while launches fail', () => {
  const few = { least: 6, resources: [requested], optimizers: [] }
  assert.equal(keepMinimum({ ...few, optimizers: [buildOptimizer({ threads: 9 })] }, undefined), undefined)
  assert.equal(keepMinimum({ ...few, least: 0 }, undefined), undefined)
  assert.equal(keepMinimum(few, { failures: 1, reason: 'no room', until: at(1) }), undefined)
  assert.equal(missingThreads(few), 5)
})

test('a minimum is a number of threads, and what the service says where the group does not', () => {
  const group = (text: string) => ({ name: 'default', container: 'local', properties: { 'min-parallelism': text } })
  for (const text of ['0', ' 12 ', '1024']) {
    assert.equal(minimumProblem(group(text)), undefined)
    assert.equal(minimumThreads(group(text), 2), Number(text))
  }
  for (const text of ['-1', '1.5', '1025', 'two', '']) {
    assert.match(minimumProblem(group(text)) ?? '', /whole number of threads/)
    assert.equal(minimumThreads(group(text), 2), 2)
  }
  assert.equal(minimumThreads({ ...group(''), properties: {} }, 2), 2)
})
