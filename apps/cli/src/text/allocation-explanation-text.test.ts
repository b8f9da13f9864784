import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allocationExplanationText } from './allocation-explanation-text.ts'

const AT = 1_800_000_000_000

test('a group that is allocated tells verdict, remedy, threads, what was ordered and what failed', () => {
  const text = allocationExplanationText({
    group: 'etl',
    rule: 'backing-off',
    text: 'more optimizers are wanted, but the last did not come up: exit code 1; more are launched in 4.0 s',
    remedy: 'mend it',
    since: AT,
    until: AT + 5000,
    figures: { registeredThreads: 4, busyThreads: 3, comingThreads: 2, drainingThreads: 1 },
    settings: { minThreads: 0, maxThreads: 16, threadsPerOptimizer: 2 },
    launches: 1,
    releases: 2,
    launchedAt: AT,
    releasedAt: null,
    backlogSince: null,
    failures: [{ resourceId: 'r7', at: AT, reason: 'exit code 1' }],
  })
  assert.deepEqual(text.split('\n'), [
    'etl: backing-off since 2027-01-15T08:00:00.000Z: more optimizers are wanted, but the last did not come up: exit code 1; more are launched in 4.0 s',
    'what would change it: mend it',
    'threads: 4 registered, 3 of them busy, 2 coming, 1 leaving',
    'bounds: 0 to 16 threads, 2 for each optimizer',
    'launched once, last at 2027-01-15T08:00:00.000Z',
    'released 2 times',
    'failed at 2027-01-15T08:00:00.000Z: r7: exit code 1',
    '',
  ])
})

test('of a group that is not, only why', () => {
  const times = { since: null, until: null, launchedAt: null, releasedAt: null, backlogSince: null }
  const rest = { figures: {}, settings: null, launches: 0, releases: 0, failures: [], ...times }
  const text = allocationExplanationText({
    group: 'etl',
    rule: 'off',
    text: 'dynamic allocation is off',
    remedy: 'switch it on',
    ...rest,
  })
  assert.equal(text, 'etl: off: dynamic allocation is off\nwhat would change it: switch it on\n')
})
