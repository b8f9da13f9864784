import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NO_TASKS } from '../records/process-store.ts'
import { DEFAULT_TABLE_SETTINGS } from '../records/table-settings.ts'
import {
  ackedState,
  at,
  buildEvaluation,
  buildOptimizer,
  buildProcess,
  buildTable,
  buildTask,
  PROCESS_1,
  T0,
} from '../testing/build.ts'
import type { OpenWork } from './open-work.ts'
import { type VerdictFacts, verdictOf } from './table-verdict.ts'

const SEEN = buildEvaluation({ needed: undefined, finding: { text: '3 fragments of 12', figures: { fragments: 3 } } })

function verdict(table: Partial<VerdictFacts['table']>, facts: Partial<VerdictFacts> = {}) {
  return verdictOf({
    table: buildTable({ evaluation: SEEN, ...table }),
    open: undefined,
    groupExists: true,
    optimizers: [buildOptimizer()],
    heartbeatTimeoutMs: 60_000,
    breaksQuota: true,
    hold: undefined,
    outage: undefined,
    now: at(1000),
    ...facts,
  })
}

function work(parts: Partial<OpenWork>): OpenWork {
  return { process: buildProcess(), counts: NO_TASKS, assigned: [], ...parts }
}

const pending = { state: { phase: 'pending', since: at(1) } } as const

test('an idle table says what it was found to be', () => {
  assert.equal(verdict({ evaluation: undefined }).kind, 'not-evaluated')
  const failing = verdict({ refreshFailure: { since: at(7), reason: 'no such bucket' } })
  assert.deepEqual([failing.kind, failing.since], ['refresh-failing', at(7)])
  assert.match(failing.text, /no such bucket/)
  assert.equal(verdict({ settings: { ...DEFAULT_TABLE_SETTINGS, enabled: false } }).kind, 'disabled')
  const nothing = verdict({ evaluation: { ...SEEN, reevaluateAt: at(5000) } })
  assert.deepEqual(
    [nothing.kind, nothing.text, nothing.until, nothing.figures],
    ['nothing-due', '3 fragments of 12', at(5000), { fragments: 3 }],
  )
  const finding = { text: 'bins of one file', figures: {} }
  const empty = verdict({
    evaluation: { ...SEEN, needed: 'minor' },
    emptyPlan: { metadataLocation: SEEN.metadataLocation, type: 'minor', finding },
  })
  assert.equal(empty.kind, 'empty-plan')
  assert.match(empty.text, /bins of one file/)
})

test('a pending table names what it waits for', () => {
  assert.equal(verdict(pending, { groupExists: false }).kind, 'group-missing')
  assert.equal(verdict(pending, { optimizers: [] }).kind, 'no-optimizer')
  assert.equal(verdict(pending).kind, 'queued')
  const backOff = { failures: 4, notBefore: at(9000), step: 'executing', reason: 'disk full' } as const
  const waiting = verdict({ ...pending, backOff })
  assert.deepEqual([waiting.kind, waiting.until, waiting.figures], ['backing-off', at(9000), { failures: 4 }])
  assert.match(waiting.text, /4 failures in a row, the last while executing: disk full/)
  assert.equal(verdict({ ...pending, plannedAt: at(500) }).kind, 'min-plan-interval')
})

test('a pending table that cannot be read any more says so beside what it waits for', () => {
  const refreshFailure = { since: at(7), reason: 'no such bucket' }
  const { kind, text } = verdict({ ...pending, refreshFailure }, { optimizers: [] })
  assert.equal(kind, 'no-optimizer')
  assert.match(text, /; besides, it cannot be evaluated since 2027-01-15T08:00:00.007Z: no such bucket$/)
})

test('an executing table says who works on it', () => {
  const state = { phase: 'executing', since: T0, type: 'minor', processId: PROCESS_1 } as const
  const open = (counts: Partial<typeof NO_TASKS>) => work({ counts: { ...NO_TASKS, ...counts } })
  assert.equal(
    verdict({ state }, { open: open({ acked: 1, succeeded: 1 }) }).text,
    '1 thread is working, 1 of 2 tasks done',
  )
  assert.equal(verdict({ state }, { open: open({ planned: 2 }) }).kind, 'waiting-for-thread')
  assert.equal(verdict({ state }, { open: open({ planned: 2 }), optimizers: [] }).kind, 'no-optimizer')
  assert.equal(
    verdict({ state }, { open: open({ planned: 2 }), optimizers: [], groupExists: false }).kind,
    'group-missing',
  )
  assert.equal(verdict({ state }, { open: open({ succeeded: 2 }), optimizers: [] }).kind, 'settling')
})

test('a thread that nobody hears of is told first, and does not count as working once it is lost', () => {
  const state = { phase: 'executing', since: T0, type: 'minor', processId: PROCESS_1 } as const
  const assigned = [buildTask({ state: ackedState() })]
  const open = work({ counts: { ...NO_TASKS, acked: 1 }, assigned })
  const after = (ms: number, optimizers = [buildOptimizer()]) => verdict({ state }, { open, optimizers, now: at(ms) })
  assert.equal(after(29_000).text, '1 thread is working, 0 of 2 tasks done')
  const quiet = after(30_000)
  assert.equal(quiet.kind, 'executing')
  assert.match(quiet.text, /silent for 30.0 s and is lost after 1 min \(optimizer.heart-beat-timeout\)$/)
  for (const lost of [after(60_000), after(1000, [])]) {
    assert.deepEqual([lost.kind, lost.figures['silent']], ['orphaned', 1])
    assert.match(lost.text, /^nobody works on it: 1 task is with optimizers that are gone or silent/)
  }
  const two = work({ counts: { ...NO_TASKS, acked: 2 }, assigned })
  assert.match(verdict({ state }, { open: two, optimizers: [] }).text, /^1 thread is working, .*; 1 task is with opt/)
})

test('who asked for what is told as long as it is waited for or worked on', () => {
  const request = { type: 'full', partitions: ['day=1'], requestedAt: T0 } as const
  assert.equal(verdict({ ...pending, request }).text, 'waits to be planned: a person asked for day=1, as full')
  const planning = { state: { phase: 'planning', since: T0 } } as const
  assert.equal(verdict({ ...planning, request }).text, 'a plan is being made: a person asked for day=1, as full')
  assert.equal(verdict(planning).text, 'a plan is being made')
  const open = work({ process: buildProcess({ isRequested: true }), counts: { ...NO_TASKS, acked: 2 } })
  const state = { phase: 'executing', since: T0, type: 'full', processId: PROCESS_1 } as const
  assert.equal(verdict({ state }, { open }).text, '2 threads are working, 0 of 2 tasks done, as a person asked')
})

test('a commit that takes several tries says why', () => {
  const state = { phase: 'committing', since: T0, type: 'minor', processId: PROCESS_1 } as const
  const process = buildProcess({
    state: { status: 'committing', since: T0, commitAttempts: 2, retryAt: at(4000), reason: 'catalog down' },
  })
  const trying = verdict({ state }, { open: work({ process }) })
  assert.deepEqual([trying.kind, trying.until], ['committing', at(4000)])
  assert.match(trying.text, /2 tries.*catalog down/)
})

test('a hold is named with the work that waits for it', () => {
  const hold = { kind: 'paused', text: 'paused by ana', until: undefined } as const
  const waiting = verdict(pending, { hold })
  assert.deepEqual([waiting.kind, waiting.text], ['paused', 'paused by ana; there is work (3 fragments of 12)'])
  const state = { phase: 'executing', since: at(1), type: 'minor', processId: PROCESS_1 } as const
  const open = work({ counts: { ...NO_TASKS, planned: 1, succeeded: 1 } })
  const stopped = verdict({ state }, { open, hold })
  assert.equal(stopped.text, 'paused by ana; 1 of 2 tasks done')
  const working = verdict({ state }, { open: work({ counts: { ...open.counts, acked: 1 } }), hold })
  assert.equal(working.kind, 'executing')
  const committing = verdict({ state: { ...state, phase: 'committing' } }, { hold })
  assert.match(committing.text, /paused by ana; the results wait to be committed/)
  const outside = { kind: 'outside-windows', text: 'outside', until: at(5000) } as const
  assert.equal(verdict({ state: { ...state, phase: 'committing' } }, { hold: outside }).kind, 'committing')
  assert.equal(verdict(pending, { hold: outside }).until, at(5000))
  const idle = verdict({}, { hold })
  assert.deepEqual([idle.kind, idle.text], ['paused', 'paused by ana; there is nothing to do now (3 fragments of 12)'])
  const asked = verdict({ ...pending, request: { type: 'auto', requestedAt: T0 } }, { hold })
  assert.equal(asked.text, 'paused by ana; there is work (a person asked for it)')
})

test('a catalog that does not answer is named with since when, why, and when it is tried, wherever it matters', () => {
  const outage = { catalog: 'far', since: at(3), calls: 4, reason: 'no route to host', tryAt: at(9000) }
  const told = `catalog 'far' does not answer since ${new Date(at(3)).toISOString()} (4 calls in a row, the last: no route to host), and is tried again at ${new Date(at(9000)).toISOString()}`
  const idle = verdict({}, { outage })
  assert.deepEqual(
    [idle.kind, idle.text, idle.since, idle.until, idle.figures],
    ['catalog-unreachable', `${told}; the table is not looked at`, at(3), at(9000), { calls: 4 }],
  )
  const failing = verdict({ ...pending, refreshFailure: { since: at(7), reason: 'late' } }, { outage, optimizers: [] })
  assert.deepEqual([failing.kind, failing.text], ['catalog-unreachable', `${told}; there is work (3 fragments of 12)`])
  const hold = { kind: 'paused', text: 'paused by ann', until: undefined } as const
  const held = verdict(pending, { outage, hold })
  assert.deepEqual(
    [held.kind, held.text],
    ['paused', `paused by ann; there is work (3 fragments of 12); besides, ${told}`],
  )
  const committing = { phase: 'committing', since: T0, type: 'minor', processId: PROCESS_1 } as const
  const results = verdict({ state: committing }, { outage })
  assert.deepEqual([results.kind, results.text], ['catalog-unreachable', `${told}; the results wait to be committed`])
})
