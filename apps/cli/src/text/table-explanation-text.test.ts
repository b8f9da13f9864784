import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TableExplanationBody } from '@moraine/api/rest/explain-schemas'
import type { TableVerdictBody } from '@moraine/api/rest/table-schemas'
import { tableExplanationText } from './table-explanation-text.ts'

const T0 = Date.UTC(2026, 0, 31)

const QUEUED: TableExplanationBody = {
  verdict: {
    phase: 'pending',
    kind: 'queued',
    text: 'waits to be planned: 13 fragments of 12',
    since: T0,
    until: null,
    figures: { fragments: 13 },
    processId: null,
    needed: 'minor',
    evaluatedAt: T0 + 1000,
    snapshotId: '7',
    finding: '13 fragments of 12',
    lastRequest: null,
  },
  remedy: 'nothing: its turn comes',
  request: null,
  unknownProperties: [],
  queue: { position: 3, of: 40, policy: 'quota', ahead: ['lake.db.a', 'lake.db.b'], hasWorkAhead: true },
  quota: { quota: 0.5, threads: 4, running: 0, waiting: 0, usedMs: 90_000, windowMs: 3_600_000, occupation: 0.0125 },
  work: [],
  failures: [],
  outputs: [],
  outputsTotal: 0,
  partitions: [
    {
      partition: 'region=eu',
      due: 'minor',
      text: '13 fragments of 12',
      figures: { fragments: 13 },
      isRequested: false,
      optimizedAt: { minor: T0, major: 0, full: 0 },
    },
    {
      partition: '',
      due: null,
      text: 'no trigger holds',
      figures: {},
      isRequested: false,
      optimizedAt: { minor: 0, major: 0, full: 0 },
    },
  ],
  partitionsTotal: 5,
  partitionsFailure: null,
}

test('a table that waits: what it is, what would change it, its place, its quota and its partitions', () => {
  assert.equal(
    tableExplanationText('db.orders', QUEUED),
    `db.orders: queued: waits to be planned: 13 fragments of 12
  since:   2026-01-31T00:00:00.000Z, in phase pending
  change:  nothing: its turn comes
  figures: fragments 13
  look:    2026-01-31T00:00:01.000Z at snapshot 7, asks for minor
  queue:   3 of 40 that wait to be planned in the group, by quota, after lake.db.a, lake.db.b; nothing is planned until threads of the group have less to do
  quota:   0.5, now 4 threads; 0 tasks running, 0 waiting; 1 min 30 s used in the last 1 h, 1 % of it
  partitions:
    region=eu: minor, 13 fragments of 12, last minor 2026-01-31T00:00:00.000Z
    the table: nothing due, no trigger holds
    3 more, of which none is more urgent; --partition tells of one
`,
  )
})

test('what a person asked for is told, of the table and of each partition', () => {
  const parts = { filter: 'id > 3', partitions: ['region=eu', 'region=us'] }
  const request = { type: 'full', ...parts, requestedAt: T0, by: null }
  const partitions = QUEUED.partitions.map((each) => ({ ...each, isRequested: each.partition === 'region=eu' }))
  const lines = (asked: typeof request | object) =>
    tableExplanationText('db.orders', { ...QUEUED, request: { ...request, ...asked }, partitions }).split('\n')
  assert.equal(lines({})[3], '  request: 2026-01-31T00:00:00.000Z, full, partitions region=eu, region=us, where id > 3')
  assert.equal(
    lines({ filter: null, partitions: null })[3],
    '  request: 2026-01-31T00:00:00.000Z, full, the whole table',
  )
  assert.deepEqual(lines({}).filter((line) => line.startsWith('    region=eu: asked for, minor, 13 ')).length, 1)
  assert.ok(lines({}).includes('    the table: nothing due, no trigger holds'))
})

test('what became of the last request is told: who asked for what, and why nothing was done', () => {
  const asked = { type: 'auto', filter: null, partitions: null, requestedAt: T0, by: 'ana', answeredAt: T0 + 1000 }
  const lines = (answer: Pick<NonNullable<TableVerdictBody['lastRequest']>, 'answer' | 'reason' | 'processId'>) =>
    tableExplanationText('db.orders', {
      ...QUEUED,
      verdict: { ...QUEUED.verdict, lastRequest: { ...asked, ...answer } },
    }).split('\n')
  const begin = '  asked:   2026-01-31T00:00:00.000Z, by ana, auto, the whole table: '
  assert.equal(
    lines({ answer: 'nothing-to-do', reason: 'the table: healthy: 1 file', processId: null })[3],
    `${begin}nothing to do, 2026-01-31T00:00:01.000Z: the table: healthy: 1 file`,
  )
  assert.equal(
    lines({ answer: 'planned', reason: null, processId: '18' })[3],
    `${begin}planned as process 18, 2026-01-31T00:00:01.000Z`,
  )
})

test('a property that is misspelled is told with the one that is meant', () => {
  const unknownProperties = [
    { key: 'self-optimizing.enabeld', meant: 'self-optimizing.enabled' },
    { key: 'self-optimizing.moon-phase', meant: null },
  ]
  assert.ok(
    tableExplanationText('db.orders', { ...QUEUED, unknownProperties }).includes(`
  properties that nobody reads:
    self-optimizing.enabeld is unknown; is self-optimizing.enabled meant?
    self-optimizing.moon-phase is unknown
`),
  )
})

test('a table at work: who has which task since when, and what failed before', () => {
  const { verdict } = QUEUED
  const working: TableExplanationBody = {
    ...QUEUED,
    verdict: {
      ...verdict,
      kind: 'executing',
      text: '2 threads are working',
      figures: {},
      processId: '18',
      finding: null,
    },
    queue: null,
    work: [
      { taskId: 4, partition: 'day=1', attempt: 2, optimizerId: 'one', threadId: 0, since: T0, lastHeardAt: T0 + 1 },
      { taskId: 5, partition: '', attempt: 1, optimizerId: 'two', threadId: 1, since: T0, lastHeardAt: null },
    ],
    failures: [
      { at: T0, processId: '18', taskId: 4, reason: 'no such file' },
      { at: T0, processId: '17', taskId: null, reason: 'canceled by a person' },
    ],
    outputs: [
      { processId: '17', taskId: 1, attempt: 2, commit: 'never-tried', dueAt: T0, tries: 0, reason: null },
      { processId: '17', taskId: 2, attempt: 1, commit: 'refused', dueAt: T0, tries: 3, reason: 'no such bucket' },
      { processId: '17', taskId: 3, attempt: 1, commit: 'unknown', dueAt: T0, tries: 1, reason: '1 file' },
    ],
    outputsTotal: 4,
    partitions: [],
    partitionsTotal: 0,
    partitionsFailure: 'the bucket is not there',
  }
  const lines = tableExplanationText('db.orders', working).split('\n')
  assert.deepEqual(lines.slice(1, 2), ['  since:   2026-01-31T00:00:00.000Z, in phase pending, process 18'])
  assert.deepEqual(lines.slice(5), [
    '  at work:',
    '    task 4 (day=1), attempt 2: thread 0 of optimizer one since 2026-01-31T00:00:00.000Z, heard of 2026-01-31T00:00:00.001Z',
    '    task 5 (the table), attempt 1: thread 1 of optimizer two since 2026-01-31T00:00:00.000Z, it is gone: the task goes to another',
    '  failures, the last first:',
    '    2026-01-31T00:00:00.000Z, task 4 of process 18: no such file',
    '    2026-01-31T00:00:00.000Z, process 17: canceled by a person',
    '  outputs that are not in the table:',
    '    attempt 2 of task 1 of process 17: to be deleted 2026-01-31T00:00:00.000Z',
    '    attempt 1 of task 2 of process 17: to be deleted, tried again 2026-01-31T00:00:00.000Z: no such bucket',
    '    attempt 1 of task 3 of process 17: unsettled, kept: a commit of it may have been made; looked at again 2026-01-31T00:00:00.000Z: 1 file',
    '    1 more',
    '  partitions could not be looked at: the bucket is not there',
    '',
  ])
})

test('a pause until a known moment says so in its first line', () => {
  const held = { ...QUEUED, verdict: { ...QUEUED.verdict, kind: 'backing-off', text: 'waits', until: T0 } }
  assert.match(
    tableExplanationText('db.orders', held),
    /^db\.orders: backing-off, until 2026-01-31T00:00:00\.000Z: waits\n/,
  )
})
