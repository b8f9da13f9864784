import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TableId, TaskId } from '@moraine/lifecycle/identity'
import { NO_TASKS } from '../records/process-store.ts'
import { DEFAULT_TABLE_SETTINGS } from '../records/table-settings.ts'
import type { Hold } from '../schedule/hold.ts'
import {
  ackedState,
  at,
  buildDispatchable,
  buildEvaluation,
  buildOptimizer,
  buildProcess,
  buildTable,
  buildTask,
  OPTIMIZER_1,
  OPTIMIZER_2,
  PROCESS_1,
  PROCESS_2,
  T0,
} from '../testing/build.ts'
import { type ExplainFacts, explainTable } from './explain-table.ts'
import type { VerdictKind } from './table-verdict.ts'

const NOW = at(100_000)
const GROUP = { name: 'default', container: 'local', properties: {} } as const
const IDLE = buildEvaluation({ needed: undefined, finding: { text: '3 fragments of 12', figures: { fragments: 3 } } })
const PENDING = { state: { phase: 'pending', since: at(1) }, evaluation: buildEvaluation() } as const
const EXECUTING = { state: { phase: 'executing', since: T0, type: 'minor', processId: PROCESS_1 } } as const
const COMMITTING = { state: { phase: 'committing', since: T0, type: 'minor', processId: PROCESS_1 } } as const

type Parts = Omit<Partial<ExplainFacts>, 'table' | 'holds'> & {
  readonly table?: Parameters<typeof buildTable>[0]
  readonly hold?: Hold
}

function explain({ table, hold, ...facts }: Parts) {
  const own = buildTable({ evaluation: IDLE, ...table })
  return explainTable({
    table: own,
    group: GROUP,
    optimizers: [buildOptimizer()],
    pending: own.state.phase === 'pending' ? [own] : [],
    ready: [],
    usedMs: new Map(),
    open: undefined,
    ended: [],
    heartbeatTimeoutMs: 60_000,
    breaksQuota: true,
    now: NOW,
    outage: undefined,
    holds: hold === undefined ? new Map() : new Map([[own.tableId, hold]]),
    ...facts,
  })
}

type OpenWork = NonNullable<ExplainFacts['open']>

function work(counts: Partial<OpenWork['counts']>, parts: Partial<OpenWork> = {}): OpenWork {
  const process = buildProcess({ quota: 2, taskCount: 6 })
  return { process, counts: { ...NO_TASKS, ...counts }, assigned: [], failed: [], ...parts }
}

const hold = (kind: Hold['kind'], text: string): Hold => ({ kind, text, until: undefined })
const settings = (parts: Partial<typeof DEFAULT_TABLE_SETTINGS>) => ({ ...DEFAULT_TABLE_SETTINGS, ...parts })
const backOff = { failures: 3, notBefore: at(200_000), step: 'executing', reason: 'out of memory' } as const
const refused = {
  metadataLocation: IDLE.metadataLocation,
  type: 'minor',
  finding: { text: 'day=1: orc files cannot be rewritten', figures: {} },
} as const

/** What a person wonders about, what is the matter, and the words that have to be in the answer and in the remedy. */
const PUZZLES: readonly [string, Parts, VerdictKind, RegExp, RegExp][] = [
  [
    'no optimizer in the group',
    { table: PENDING, optimizers: [] },
    'no-optimizer',
    /group 'default'/,
    /moraine group command default/,
  ],
  [
    'only one that drains',
    { table: PENDING, optimizers: [buildOptimizer({ state: { status: 'draining', touchedAt: T0 } })] },
    'no-optimizer',
    /group 'default' takes tasks: 1 is draining/,
    /start an optimizer/,
  ],
  [
    'the group is missing',
    { table: { ...PENDING, settings: settings({ group: 'etl' }) }, group: undefined },
    'group-missing',
    /'etl' .*does not exist/,
    /moraine group create/,
  ],
  [
    'an engine has a lease',
    { table: PENDING, hold: hold('blocked', 'blocked by lease 7 (app=load)') },
    'blocked',
    /lease 7 \(app=load\)/,
    /releases the lease/,
  ],
  [
    'its catalog does not answer, and no optimizer is there either',
    {
      table: PENDING,
      optimizers: [],
      outage: { catalog: 'far', since: T0, calls: 3, reason: 'no route to host', tryAt: at(110_000) },
    },
    'catalog-unreachable',
    /^catalog 'far' does not answer since \S+Z \(3 calls in a row, the last: no route to host\)/,
    /mend what the reason names.*its tables go on as soon as it answers/,
  ],
  [
    'its quota is in use',
    { table: EXECUTING, open: work({ acked: 2, planned: 4 }), optimizers: [buildOptimizer({ threads: 4 })] },
    'executing',
    /quota of 2 threads/,
    /a higher self-optimizing.quota/,
  ],
  [
    'all threads there are work on it',
    { table: EXECUTING, open: work({ acked: 2, planned: 4 }) },
    'executing',
    /^2 threads are working, 0 of 6 tasks done$/,
    /is being worked on$/,
  ],
  [
    'it was planned a moment ago',
    { table: { ...PENDING, plannedAt: at(99_000) } },
    'min-plan-interval',
    /min-plan-interval/,
    /lower self-optimizing.min-plan-interval/,
  ],
  [
    'it failed again and again',
    { table: { ...PENDING, backOff } },
    'backing-off',
    /3 failures in a row.*out of memory/,
    /mend what the reason names/,
  ],
  [
    'optimizing is switched off',
    { table: { settings: settings({ enabled: false }) } },
    'disabled',
    /enabled is false/,
    /set .*enabled to true/,
  ],
  [
    'its files are of a format that cannot be rewritten',
    { table: { evaluation: buildEvaluation(), emptyPlan: refused } },
    'empty-plan',
    /orc files cannot be rewritten/,
    /files that are not rewritten/,
  ],
  [
    'somebody paused it',
    { table: PENDING, hold: hold('paused', 'paused by ana: migration') },
    'paused',
    /ana: migration/,
    /moraine table resume/,
  ],
  [
    'its group is paused',
    { table: PENDING, hold: hold('group-paused', "resource group 'default' is paused") },
    'group-paused',
    /'default' is paused/,
    /--unset paused/,
  ],
  [
    'its window is closed',
    { table: PENDING, hold: hold('outside-windows', 'outside of its windows') },
    'outside-windows',
    /outside of its windows/,
    /other windows/,
  ],
  [
    'it is in a blackout',
    { table: PENDING, hold: hold('blackout', 'in a blackout') },
    'blackout',
    /in a blackout/,
    /blackouts/,
  ],
  [
    'its window never opens',
    { table: PENDING, hold: { ...hold('outside-windows', 'outside of its windows, for ever'), never: true } },
    'never-opens',
    /outside of its windows/,
    /time changes nothing/,
  ],
  [
    'its windows cannot be read',
    { table: PENDING, hold: hold('windows-unreadable', "window 'at night' cannot be read") },
    'windows-unreadable',
    /at night/,
    /write the windows/,
  ],
  [
    'its metadata is damaged',
    { table: { refreshFailure: { since: at(7), reason: 'v3.metadata.json: snapshots is not a list' } } },
    'refresh-failing',
    /v3.metadata.json/,
    /tried again by itself/,
  ],
  [
    'its catalog is down',
    { table: { refreshFailure: { since: at(7), reason: 'thrift://hms:9083: ECONNREFUSED' } } },
    'refresh-failing',
    /ECONNREFUSED/,
    /mend what the reason names/,
  ],
  [
    'it was never looked at',
    { table: { evaluation: undefined } },
    'not-evaluated',
    /not been looked at/,
    /whether a server leads/,
  ],
  ['there is nothing to do', {}, 'nothing-due', /3 fragments of 12/, /new commits/],
  ['others go first', { table: PENDING }, 'queued', /waits to be planned/, /priority/],
  [
    'all threads work for others',
    { table: EXECUTING, open: work({ planned: 6 }) },
    'waiting-for-thread',
    /waits for a thread/,
    /start more optimizers/,
  ],
  [
    'access to its files cannot be had',
    { table: EXECUTING, open: work({ planned: 6 }, { withheld: 'STS answered 403' }) },
    'withheld',
    /0 of 6 tasks done; access to its files cannot be given to optimizers: STS answered 403$/,
    /mend what the reason names.*within half a minute/,
  ],
  [
    'access to the files of other tables of its catalog cannot be had',
    { table: PENDING, refusal: 'STS answered 403' },
    'withheld',
    /of its catalog no more tables are planned.*: STS answered 403$/,
    /mend what the reason names.*within half a minute/,
  ],
  [
    'its quota is 0, and a process waits',
    {
      table: EXECUTING,
      open: work({ planned: 6 }, { process: buildProcess({ quota: 0, taskCount: 6 }) }),
      breaksQuota: false,
    },
    'no-quota',
    /0 of 6 tasks done; self-optimizing.quota is 0/,
    /self-optimizing.quota above 0/,
  ],
  [
    'its quota is 0, and nothing is planned',
    { table: { ...PENDING, settings: settings({ quota: 0 }) }, breaksQuota: false },
    'no-quota',
    /there is work \(13 fragments of 12\); self-optimizing.quota is 0/,
    /self-optimizing.quota above 0/,
  ],
  [
    'its quota is 0, and it waits for threads that are idle',
    { table: EXECUTING, open: work({ planned: 6 }, { process: buildProcess({ quota: 0, taskCount: 6 }) }) },
    'waiting-for-thread',
    /waits for a thread of group 'default' that is idle: self-optimizing.quota is 0$/,
    /start more optimizers/,
  ],
  [
    'its quota is 0, and it waits to be planned',
    { table: { ...PENDING, settings: settings({ quota: 0 }) } },
    'queued',
    /waits to be planned: 13 fragments of 12$/,
    /priority/,
  ],
  [
    'its optimizers are gone in the middle',
    { table: EXECUTING, open: work({ planned: 6 }), optimizers: [] },
    'no-optimizer',
    /no optimizer is registered/,
    /start an optimizer/,
  ],
  [
    'a commit is not settled',
    {
      table: COMMITTING,
      open: work(
        { succeeded: 6 },
        {
          process: buildProcess({
            state: { status: 'committing', since: T0, commitAttempts: 4, retryAt: at(101_000), reason: 'no answer' },
          }),
        },
      ),
    },
    'committing',
    /4 tries .*no answer/,
    /tried again, for about half an hour/,
  ],
]

for (const [name, facts, kind, text, remedy] of PUZZLES) {
  test(`why is it not optimized? ${name}`, () => {
    const { verdict, ...explanation } = explain(facts)
    assert.equal(verdict.kind, kind)
    assert.match(verdict.text, text)
    assert.match(explanation.remedy, remedy)
  })
}

test('whoever waits in a queue sees its place, who goes first, and whether anything is planned at all', () => {
  const own = buildTable({ ...PENDING, tableId: 1 as TableId })
  const named = (tableId: number, name: string, parts: object = {}) =>
    buildTable({ ...PENDING, tableId: tableId as TableId, name: { ...own.name, name }, ...parts })
  const urgent = named(2, 'urgent', { settings: settings({ priority: 5 }) })
  const asked = named(3, 'asked', { request: { type: 'auto', requestedAt: T0 } })
  const later = named(4, 'later', { state: { phase: 'pending', since: at(50) } })
  const resting = named(5, 'resting', { backOff })
  const pending = [own, urgent, asked, later, resting]
  const { queue } = explain({ table: PENDING, pending, ready: [buildDispatchable({ plannedTasks: 9, quota: 8 })] })
  assert.deepEqual(queue, {
    position: 3,
    of: 4,
    policy: 'quota',
    ahead: [asked.name, urgent.name],
    hasWorkAhead: true,
  })
  assert.equal(explain({ table: {} }).queue, undefined)
  assert.equal(explain({ table: PENDING, pending, usedMs: new Map([[own.tableId, 3_600_000]]) }).queue?.position, 4)
})

test('whoever works on it is named, since when, and when last heard of', () => {
  const assigned = [
    buildTask({ taskId: 1 as TaskId, partitionPath: 'day=1', state: ackedState(2) }),
    buildTask({
      taskId: 2 as TaskId,
      partitionPath: 'day=2',
      state: { ...ackedState(1), assignment: { optimizerId: OPTIMIZER_2, threadId: 3, attempt: 1 } } as ReturnType<
        typeof ackedState
      >,
    }),
  ]
  const { work: threads, quota } = explain({ table: EXECUTING, open: work({ acked: 2, planned: 4 }, { assigned }) })
  assert.deepEqual(threads, [
    {
      taskId: 1,
      partitionPath: 'day=1',
      attempt: 2,
      optimizerId: OPTIMIZER_1,
      threadId: 0,
      since: T0,
      lastHeardAt: T0,
    },
    {
      taskId: 2,
      partitionPath: 'day=2',
      attempt: 1,
      optimizerId: OPTIMIZER_2,
      threadId: 3,
      since: T0,
      lastHeardAt: undefined,
    },
  ])
  assert.deepEqual([quota.threads, quota.running, quota.waiting], [2, 2, 4])
})

test('the last failures come newest first, of attempts and of whole processes', () => {
  const failed = [
    {
      processId: PROCESS_1,
      taskId: 1 as TaskId,
      attempt: 1,
      tableId: 1 as TableId,
      optimizerId: OPTIMIZER_1,
      threadId: 0,
      scheduledAt: T0,
      end: { endedAt: at(90), outcome: 'failed', reason: 'disk full' },
    },
    {
      processId: PROCESS_1,
      taskId: 2 as TaskId,
      attempt: 1,
      tableId: 1 as TableId,
      optimizerId: OPTIMIZER_1,
      threadId: 0,
      scheduledAt: T0,
      end: { endedAt: at(80), outcome: 'lost' },
    },
  ] as const
  const ended = [
    buildProcess({ processId: PROCESS_2, state: { status: 'failed', endedAt: at(85), reason: 'an input is gone' } }),
    buildProcess({ processId: PROCESS_2, state: { status: 'succeeded', endedAt: at(60), committedTasks: 2 } }),
  ]
  const { failures } = explain({ table: EXECUTING, open: work({ planned: 2 }, { failed }), ended })
  assert.deepEqual(
    failures.map(({ at: when, taskId, reason }) => [when - T0, taskId, reason]),
    [
      [90, 1, 'disk full'],
      [85, undefined, 'an input is gone'],
      [80, 2, 'lost'],
    ],
  )
})

test('what was canceled is not among the failures', () => {
  const end = { endedAt: at(90), outcome: 'canceled', reason: 'canceled by a person' } as const
  const attempt = {
    ...{ processId: PROCESS_1, taskId: 1 as TaskId, attempt: 1, tableId: 1 as TableId },
    ...{ optimizerId: OPTIMIZER_1, threadId: 0, scheduledAt: T0, end },
  }
  const state = { status: 'canceled', endedAt: at(80), reason: 'canceled by a person' } as const
  const ended = [buildProcess({ processId: PROCESS_2, state })]
  const { failures } = explain({ table: EXECUTING, open: work({ planned: 2 }, { failed: [attempt] }), ended })
  assert.deepEqual(failures, [])
})
