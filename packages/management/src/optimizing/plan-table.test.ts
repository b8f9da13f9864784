import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EpochMs } from '@moraine/stdx/brand'
import type { ManagedTable } from '../records/managed-table.ts'
import { DEFAULT_TABLE_SETTINGS } from '../records/table-settings.ts'
import { wantsWork } from '../tables/refresh-table.ts'
import { at, buildEvaluation, buildTable, buildWork, PROCESS_1, T0 } from '../testing/build.ts'
import { abandonPlanning, acceptPlan, beginPlanning, failPlanning } from './plan-table.ts'

const planning = (parts: Partial<ManagedTable> = {}) =>
  buildTable({ state: { phase: 'planning', since: T0 }, request: { type: 'auto', requestedAt: T0 }, ...parts })

function patchOf(changes: ReturnType<typeof acceptPlan>) {
  const found = changes.find((change) => change.kind === 'patch-table')
  assert.ok(found)
  return found.patch
}

test('only a pending table is taken in hand', () => {
  const table = buildTable({ state: { phase: 'pending', since: T0 } })
  assert.deepEqual(patchOf(beginPlanning(table, at(5))), {
    state: { phase: 'planning', since: at(5) },
    plannedAt: at(5),
  })
  assert.deepEqual(beginPlanning(buildTable(), at(5)), [])
})

test('a plan with tasks starts a process with the rights of the settings it was made with', () => {
  const settings = { ...DEFAULT_TABLE_SETTINGS, group: 'big', executeRetries: 9, allowPartialCommit: true }
  const changes = acceptPlan(planning(), buildWork(2, { settings }), PROCESS_1, at(5))
  const added = changes.find((change) => change.kind === 'add-process')
  assert.ok(added)
  assert.deepEqual(
    [added.process.group, added.process.executeRetries, added.process.allowPartialCommit, added.process.taskCount],
    ['big', 9, true, 2],
  )
  assert.deepEqual(
    added.tasks.map(({ task, input }) => [task.taskId, task.partitionKey, input]),
    [
      [1, 'p0', '{"task":1}'],
      [2, 'p1', '{"task":2}'],
    ],
  )
  const patch = patchOf(changes)
  assert.deepEqual(patch.state, { phase: 'executing', since: at(5), type: 'minor', processId: PROCESS_1 })
  assert.equal('request' in patch && patch.request === undefined, true)
})

test('settings that were read while the plan was made hold, not those of the older state that it was made by', () => {
  const settings = { ...DEFAULT_TABLE_SETTINGS, group: 'etl' }
  const seen = (evaluatedAt: EpochMs, metadataLocation: string, parts: Partial<typeof settings> = {}) => {
    const evaluation = buildEvaluation({ metadataLocation, settings: { ...settings, ...parts } })
    return patchOf(acceptPlan(planning({ evaluation, evaluatedAt }), buildWork(1), PROCESS_1, at(5)))
  }
  const { metadataLocation } = buildWork(1)
  assert.equal(seen(at(3), 'newer').settings?.group, 'etl')
  assert.deepEqual(seen(at(3), 'newer', { enabled: false }).state, { phase: 'idle', since: at(5) })
  assert.equal(seen(at(-3), 'older').settings?.group, DEFAULT_TABLE_SETTINGS.group, 'read before the plan was begun')
  assert.equal(seen(at(3), metadataLocation).settings?.group, DEFAULT_TABLE_SETTINGS.group, 'the same state')
})

test('an empty plan brings the table to rest and is remembered with its reason', () => {
  const work = buildWork(0, { finding: { text: 'nothing to gain', figures: {} } })
  const patch = patchOf(acceptPlan(planning(), work, PROCESS_1, at(5)))
  assert.deepEqual(patch.state, { phase: 'idle', since: at(5) })
  assert.deepEqual(patch.emptyPlan, {
    metadataLocation: work.metadataLocation,
    type: 'minor',
    finding: { text: 'nothing to gain', figures: {} },
  })
})

test('an empty plan answers the trigger that holds, whatever its type', () => {
  for (const needed of ['minor', 'major', 'full'] as const) {
    const evaluation = buildEvaluation({ needed, metadataLocation: buildWork(0).metadataLocation })
    const table = planning({ request: undefined, evaluation })
    const rested = { ...table, ...patchOf(acceptPlan(table, buildWork(0), PROCESS_1, at(5))) }
    assert.deepEqual([rested.state?.phase, wantsWork(rested, evaluation)], ['idle', false])
  }
})

test('an empty plan of a request for less than is due is no reason to leave what is due', () => {
  for (const request of [
    { type: 'auto', filter: 'day = 3', requestedAt: T0 },
    { type: 'major', requestedAt: T0 },
  ] as const) {
    const due = patchOf(
      acceptPlan(planning({ request, evaluation: buildEvaluation() }), buildWork(0), PROCESS_1, at(5)),
    )
    assert.deepEqual(due, {
      state: { phase: 'pending', since: at(5) },
      request: undefined,
      lastRequest: { ...request, answeredAt: at(5), kind: 'nothing-to-do', reason: '0 groups' },
      settings: DEFAULT_TABLE_SETTINGS,
    })
    const healthy = buildEvaluation({ needed: undefined })
    const rest = patchOf(acceptPlan(planning({ request, evaluation: healthy }), buildWork(0), PROCESS_1, at(5)))
    assert.deepEqual([rest.state?.phase, 'emptyPlan' in rest], ['idle', false])
  }
  const request = { type: 'full', requestedAt: T0 } as const
  const all = patchOf(acceptPlan(planning({ request, evaluation: buildEvaluation() }), buildWork(0), PROCESS_1, at(5)))
  assert.deepEqual([all.state?.phase, all.emptyPlan?.type], ['idle', 'minor'])
})

test('a table that was switched off meanwhile is let go', () => {
  const settings = { ...DEFAULT_TABLE_SETTINGS, enabled: false }
  const patch = patchOf(acceptPlan(planning(), buildWork(2, { settings }), PROCESS_1, at(5)))
  assert.equal(patch.state?.phase, 'idle')
  assert.equal(patch.settings?.enabled, false)
})

test('a plan that comes after the table was given back changes nothing', () => {
  assert.deepEqual(acceptPlan(buildTable(), buildWork(1), PROCESS_1, at(5)), [])
  assert.deepEqual(failPlanning(buildTable(), 'x', at(5)), [])
  assert.deepEqual(abandonPlanning(buildTable(), at(5)), [])
})

test('failed planning waits longer each time and shows why', () => {
  const first = patchOf(failPlanning(planning(), 'no such file', at(0)))
  assert.deepEqual(first.backOff, { failures: 1, notBefore: at(60_000), step: 'planning', reason: 'no such file' })
  assert.ok(first.backOff)
  const second = patchOf(failPlanning(planning({ backOff: first.backOff }), 'again', at(0)))
  assert.deepEqual(second.backOff, { failures: 2, notBefore: at(120_000), step: 'planning', reason: 'again' })
  const many = patchOf(failPlanning(planning({ backOff: { ...first.backOff, failures: 5000 } }), 'again', at(0)))
  assert.equal(many.backOff?.notBefore, at(3_600_000))
})

test('abandoned planning goes back in the queue without blame', () => {
  assert.deepEqual(patchOf(abandonPlanning(planning(), at(9))), { state: { phase: 'pending', since: at(9) } })
})

test('what became of a request is kept: who asked for what, and the process, or why there is none', () => {
  const request = { type: 'full', partitions: ['day=1'], requestedAt: T0, by: 'ana' } as const
  const table = planning({ request })
  const answers = [
    acceptPlan(table, buildWork(2), PROCESS_1, at(5)),
    acceptPlan(table, buildWork(0, { finding: { text: 'day=1: healthy', figures: {} } }), PROCESS_1, at(5)),
    acceptPlan(table, buildWork(2, { settings: { ...DEFAULT_TABLE_SETTINGS, enabled: false } }), PROCESS_1, at(5)),
    failPlanning(table, 'v1.metadata.json is gone', at(5)),
  ]
  assert.deepEqual(
    answers.map((changes) => patchOf(changes).lastRequest),
    [
      { kind: 'planned', processId: PROCESS_1 },
      { kind: 'nothing-to-do', reason: 'day=1: healthy' },
      { kind: 'nothing-to-do', reason: 'self-optimizing.enabled is false' },
      { kind: 'failed', reason: 'v1.metadata.json is gone' },
    ].map((answer) => ({ ...request, answeredAt: at(5), ...answer })),
  )
})

test('a plan that nobody asked for leaves what is known of the last request', () => {
  const unasked = planning({ request: undefined })
  assert.equal('lastRequest' in patchOf(acceptPlan(unasked, buildWork(0), PROCESS_1, at(5))), false)
})
