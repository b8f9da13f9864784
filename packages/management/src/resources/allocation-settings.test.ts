import assert from 'node:assert/strict'
import { test } from 'node:test'
import { T0 } from '../testing/build.ts'
import { ALLOCATION_PROPERTIES, allocationProblem, readAllocation } from './allocation-settings.ts'
import { checkGroup } from './check-group.ts'

type Values = Readonly<Record<string, string>>

function group(values: Values, container = 'local') {
  const properties = Object.fromEntries(
    Object.entries(values).map(([key, value]) => [
      key.includes('parallelism') && key.startsWith('=') ? key.slice(1) : `dynamic-allocation.${key}`,
      value,
    ]),
  )
  return { name: 'etl', container, properties }
}

const ON = { enabled: 'true', 'max-parallelism': '16' }

test('a group is as it was set, and else as in Amoro', () => {
  assert.deepEqual(readAllocation(group({})), { kind: 'off' })
  assert.deepEqual(readAllocation(group({ ...ON, enabled: 'False' })), { kind: 'off' })
  const amoro = {
    minThreads: 0,
    maxThreads: 16,
    threadsPerOptimizer: 1,
    backlogTimeoutMs: 60_000,
    sustainedTimeoutMs: 30_000,
    idleTimeoutMs: 300_000,
    cooldownMs: 60_000,
    drainTimeoutMs: 900_000,
  }
  assert.deepEqual(readAllocation(group(ON)), { kind: 'on', settings: amoro })
  const own = {
    ...ON,
    'min-parallelism': ' 5 ',
    'executor-parallelism': '4',
    'scheduler-backlog-timeout': '10s',
    'sustained-backlog-timeout': '5s',
    'executor-idle-timeout': '30s',
    'scale-down-cooldown': '20 s',
    'drain-timeout': '1h',
  }
  const settings = {
    minThreads: 5,
    maxThreads: 16,
    threadsPerOptimizer: 4,
    backlogTimeoutMs: 10_000,
    sustainedTimeoutMs: 5000,
    idleTimeoutMs: 30_000,
    cooldownMs: 20_000,
    drainTimeoutMs: 3_600_000,
  }
  assert.deepEqual(readAllocation(group(own)), { kind: 'on', settings })
})

test('the older name of the minimum counts where the newer is not set', () => {
  const minimum = (values: Values) => {
    const allocation = readAllocation(group({ ...ON, ...values }))
    return allocation.kind === 'on' ? allocation.settings.minThreads : allocation
  }
  assert.equal(minimum({ '=min-parallelism': '3' }), 3)
  assert.equal(minimum({ '=min-parallelism': '3', 'min-parallelism': '1' }), 1)
})

const WRONG: readonly (readonly [Values, RegExp, string?])[] = [
  [{ enabled: 'yes' }, /enabled is 'yes': it must be true or false/],
  [{ enabled: 'true' }, /max-parallelism must be set, to at most 1024/],
  [{ ...ON, 'max-parallelism': '1025' }, /max-parallelism is 1025: it must be at most 1024/],
  [{ ...ON, 'max-parallelism': '0' }, /max-parallelism is '0': it must be a whole number from 1 on/],
  [{ ...ON, 'max-parallelism': '9999999999999' }, /must be a whole number/],
  [{ ...ON, 'min-parallelism': '-1' }, /min-parallelism is '-1': it must be a whole number from 0 on/],
  [{ ...ON, '=min-parallelism': 'two' }, /^min-parallelism is 'two'/],
  [
    { ...ON, 'min-parallelism': '17' },
    /min-parallelism is 17: it must be at most dynamic-allocation.max-parallelism, 16/,
  ],
  [{ ...ON, 'executor-parallelism': '17' }, /executor-parallelism is 17: it must be at most/],
  [{ ...ON, 'executor-parallelism': '0' }, /executor-parallelism is '0'/],
  [{ ...ON, 'min-parallelism': '13', 'executor-parallelism': '6' }, /13 takes 18 threads in optimizers of 6/],
  [{ ...ON, 'scheduler-backlog-timeout': 'soon' }, /scheduler-backlog-timeout is 'soon': it must be a duration/],
  [{ ...ON, 'sustained-backlog-timeout': '0s' }, /sustained-backlog-timeout is '0s': .* above 0/],
  [{ ...ON, 'scale-down-cooldown': '' }, /scale-down-cooldown is ''/],
  [{ ...ON, 'drain-timeout': '-5min' }, /drain-timeout is '-5min'/],
  [{ ...ON, 'executor-idle-timeout': '29s' }, /executor-idle-timeout is 29.0 s: it must be at least 30.0 s and twice/],
  [{ ...ON, 'executor-idle-timeout': '59s' }, /sustained-backlog-timeout, 1 min/],
  [ON, /container 'external' launches no optimizers/, 'external'],
]

test('what cannot work is off, is said, and is refused where it is set', () => {
  for (const [values, reason, container] of WRONG) {
    const wrong = group(values, container)
    const allocation = readAllocation(wrong)
    assert.ok(allocation.kind === 'invalid', JSON.stringify(values))
    assert.match(allocation.reason, reason)
    assert.throws(() => checkGroup(wrong, T0), {
      kind: 'invalid-input',
      message: reason.source.startsWith('^') ? /min-parallelism/ : reason,
    })
  }
})

test('a value that is none is refused while allocation is off, too; what only does not fit is not', () => {
  assert.match(allocationProblem(group({ 'drain-timeout': 'long' })) ?? '', /drain-timeout/)
  assert.equal(allocationProblem(group({ 'min-parallelism': '17', 'max-parallelism': '16' })), undefined)
  assert.equal(allocationProblem(group({ enabled: 'false' }, 'external')), undefined)
  const misspelt = allocationProblem(group({ ...ON, 'max-paralelism': '3' })) ?? ''
  assert.match(misspelt, /there is no dynamic-allocation.max-paralelism; there are .*max-parallelism/)
})

test('every property has a name of its own', () => {
  const keys = Object.values(ALLOCATION_PROPERTIES).map(({ key }) => key)
  assert.equal(new Set(keys).size, keys.length)
})
