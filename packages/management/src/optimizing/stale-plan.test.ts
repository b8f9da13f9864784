import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TaskState } from '@moraine/lifecycle/task-status'
import {
  ackedState,
  at,
  buildEvaluation,
  buildProcess,
  buildTable,
  buildTask,
  PROCESS_1,
  T0,
} from '../testing/build.ts'
import { settleProcess } from './settle-process.ts'
import { STALE_PLAN_MS, stalePlan } from './stale-plan.ts'

const PLANNED: TaskState = { status: 'planned', attempts: 0, failures: 0 }

function open(states: readonly TaskState[], seen = 'file:///changed') {
  const process = buildProcess({ taskCount: states.length, createdAt: T0 })
  const state = { phase: 'executing', since: T0, type: 'minor', processId: PROCESS_1 } as const
  return {
    process,
    table: buildTable({ state, evaluation: buildEvaluation({ metadataLocation: seen }) }),
    tasks: states.map((each) => buildTask({ state: each })),
  }
}

const LATE = at(STALE_PLAN_MS)

test('a plan that nobody took for six hours is given up once the table has changed', () => {
  assert.match(stalePlan(open([PLANNED, PLANNED]), LATE) ?? '', /no thread took a task of it within 6 h.*planned anew/)
  assert.equal(stalePlan(open([PLANNED]), at(STALE_PLAN_MS - 1)), undefined)
  const moves = settleProcess(open([PLANNED]), LATE).map(
    (change) => change.kind === 'move-process' && change.state.status,
  )
  assert.ok(moves.includes('canceled'))
})

test('one that somebody began with stays, and so does one of a table that is as it was', () => {
  assert.equal(stalePlan(open([PLANNED, ackedState()]), LATE), undefined)
  assert.equal(stalePlan(open([PLANNED, { ...PLANNED, attempts: 1 }]), LATE), undefined)
  assert.equal(stalePlan(open([PLANNED], buildProcess().metadataLocation), LATE), undefined)
  assert.deepEqual(settleProcess(open([PLANNED], buildProcess().metadataLocation), LATE), [])
})
