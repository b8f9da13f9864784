import assert from 'node:assert/strict'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { test } from 'node:test'
import type { VerdictKind } from '@moraine/management/explain/table-verdict'
import { at, T0 } from '@moraine/management/testing/build'
import { eventually } from '@moraine/testkit/eventually'
import type { LakehouseTable } from '../testing/lakehouse-table.ts'
import { type Lakehouse, type LakehouseParts, openLakehouse } from '../testing/open-lakehouse.ts'
import {
  blockFor,
  changeGroup,
  committing,
  damage,
  deserted,
  done,
  due,
  dueAgain,
  executing,
  isBackingOff,
  isFailing,
  isPlannedEmpty,
  leftAlone,
  MINUTE,
  noticeAgain,
  optimized,
  seen,
  working,
} from '../testing/puzzle-seeds.ts'

// Why is this table not optimized? Each puzzle comes about as in life: by what writers, optimizers and people do to the service,
// and what that decides and records of it. Then explain is asked, once.

type Puzzle = {
  readonly why: string
  readonly service?: LakehouseParts
  readonly seed: (lake: Lakehouse) => Promise<LakehouseTable>
  readonly kind: VerdictKind
  readonly says: RegExp
  readonly remedy: RegExp
  /** Of the answer: the figures that matter, and words. */
  readonly shows?: object
  /** The answer waits for somebody. */
  readonly isSlow?: true
}

const HOUR = 60 * MINUTE
const NO_RETRIES = { 'self-optimizing.execute.num-retries': '0' }
const COMMITS = committing(async ({ results }) => ({
  kind: 'settled',
  committed: results.map(({ taskId }) => taskId),
  refused: [],
}))

/** A lease lives by the clock of the database, which goes on by itself. */
const WITHIN_A_MINUTE = new RegExp(`^(${at(MINUTE)}|${String(at(MINUTE - 1)).slice(0, -4)}\\d{4})$`)

const PUZZLES: readonly Puzzle[] = [
  {
    why: 'nobody started an optimizer',
    seed: due,
    kind: 'no-optimizer',
    says: /^no optimizer is registered in resource group 'default'$/,
    remedy: /moraine group command default/,
    shows: { verdict: { needed: 'minor', since: T0 }, partitions: [{ partition: 'region=eu', due: 'minor' }] },
  },
  {
    why: 'the only optimizer has died',
    async seed(lake) {
      ;(await lake.register()).die()
      await lake.pass(MINUTE + 1000)
      return due(lake)
    },
    kind: 'no-optimizer',
    says: /^no optimizer is registered/,
    remedy: /start an optimizer/,
  },
  {
    why: 'the only optimizer drains',
    async seed(lake) {
      await (await lake.register()).drain()
      return due(lake)
    },
    kind: 'no-optimizer',
    says: /'default' takes tasks: 1 is draining$/,
    remedy: /start an optimizer/,
    shows: { quota: { threads: 0 } },
  },
  {
    why: 'its group never was',
    seed: (lake) => due(lake, { properties: { 'self-optimizing.group': 'etl' } }),
    kind: 'group-missing',
    says: /'etl' \(self-optimizing.group\) does not exist/,
    remedy: /create resource group 'etl'/,
  },
  {
    why: 'its group was deleted while it was away',
    async seed(lake) {
      await lake.do('POST', '/optimize/resourceGroups', { name: 'etl', container: 'external', properties: {} })
      const table = await due(lake, { properties: { 'self-optimizing.group': 'etl' } })
      const move = async (group: string) => {
        await table.set({ 'self-optimizing.group': group })
        await noticeAgain(lake, table)
        await table.until(`it is in ${group}`, ({ settings }) => settings.group === group)
      }
      await move('default')
      await lake.do('DELETE', '/optimize/resourceGroups/etl')
      await move('etl')
      return table
    },
    kind: 'group-missing',
    says: /'etl' .* does not exist/,
    remedy: /set self-optimizing.group to one that exists/,
  },
  {
    why: 'an engine has a lease that lives',
    async seed(lake) {
      const table = await due(lake)
      await blockFor(lake, 'optimize')(table)
      return table
    },
    kind: 'blocked',
    says: /^blocked by lease \S+ \(app=load\); there is work \(1 of 1 partitions are due/,
    remedy: /its owner releases the lease/,
    shows: { verdict: { until: WITHIN_A_MINUTE } },
  },
  {
    why: 'not the lease, which has run out, but the optimizers',
    service: { leaseMs: 1 },
    async seed(lake) {
      const table = await due(lake)
      await blockFor(lake, 'optimize')(table)
      const leases = () => lake.ask(`${table.path}/blockers`)
      await eventually('it has run out', async () => (await leases()).length === 0 || undefined)
      return table
    },
    kind: 'no-optimizer',
    says: /^no optimizer is registered/,
    remedy: /start an optimizer/,
  },
  {
    why: 'not the lease, which forbids others to write, but the optimizers',
    async seed(lake) {
      const table = await due(lake)
      await blockFor(lake, 'batch-write')(table)
      return table
    },
    kind: 'no-optimizer',
    says: /^no optimizer is registered/,
    remedy: /start an optimizer/,
  },
  {
    why: 'as many threads as its quota allows work on it',
    service: { settings: { breaksQuota: false } },
    async seed(lake) {
      const worker = await lake.register({ threads: 4 })
      const properties = { 'self-optimizing.quota': '0.25' }
      const table = await executing(lake, { regions: ['eu', 'us', 'jp'], properties })
      await worker.take(0)
      worker.wait(1)
      return table
    },
    kind: 'executing',
    says: /^1 thread is working, 0 of 3 tasks done; it works within its quota of 1 thread \(self-optimizing.quota\)$/,
    remedy: /a higher self-optimizing.quota/,
    shows: { quota: { quota: 0.25, threads: 1, running: 1, waiting: 2 } },
  },
  {
    why: 'its attempts have used up much of its quota, and others are at work',
    async seed(lake) {
      const worker = await lake.register()
      const table = await executing(lake, { properties: NO_RETRIES })
      const task = await worker.take()
      await lake.pass(45 * MINUTE)
      const properties = { 'self-optimizing.quota': '8' }
      await executing(lake, { name: 'clicks', regions: ['eu', 'us', 'jp'], properties })
      await worker.end(task, { kind: 'failure', reason: 'disk full' })
      await table.until('its process fails', isBackingOff)
      await worker.take()
      await lake.pass(2 * MINUTE)
      return dueAgain(lake, table)
    },
    kind: 'queued',
    says: /^waits to be planned: 1 of 1 partitions are due/,
    remedy: /its turn comes; more threads/,
    shows: {
      quota: { quota: 0.5, threads: 1, usedMs: 45 * MINUTE, windowMs: HOUR, occupation: 0.75 },
      queue: { hasWorkAhead: true },
      failures: [{ at: at(45 * MINUTE), taskId: null, reason: 'task 1 failed 1 time: disk full' }],
    },
  },
  {
    why: 'all threads are busy with others',
    async seed(lake) {
      const worker = await lake.register()
      await executing(lake, { name: 'clicks' })
      await worker.take()
      return executing(lake)
    },
    kind: 'waiting-for-thread',
    says: /^0 of 1 tasks done, waits for a thread of group 'default'$/,
    remedy: /start more optimizers/,
    shows: { verdict: { figures: { tasks: 1, planned: 1, running: 0 } }, quota: { waiting: 1 } },
  },
  {
    why: 'it was planned a moment ago',
    service: COMMITS,
    async seed(lake) {
      const table = await optimized(lake)
      await table.append('us')
      await noticeAgain(lake, table)
      await table.until('there is work again', ({ state }) => state.phase === 'pending')
      return table
    },
    kind: 'min-plan-interval',
    says: /at most every 60000 ms \(self-optimizing.min-plan-interval\)/,
    remedy: /lower self-optimizing.min-plan-interval/,
    shows: { verdict: { until: WITHIN_A_MINUTE } },
  },
  {
    why: 'it was optimized a moment ago, and rests until its interval has passed',
    service: COMMITS,
    seed: optimized,
    kind: 'nothing-due',
    says: /^no trigger holds in 1 partitions: 2 fragments/,
    remedy: /new commits, or time \(until\)/,
    shows: {
      verdict: { until: at(HOUR + 1), figures: { fragments: 2, duePartitions: 0 } },
      partitions: [{ due: null }],
    },
  },
  {
    why: 'its last process failed',
    async seed(lake) {
      const worker = await lake.register()
      const table = await executing(lake, { properties: NO_RETRIES })
      await worker.end(await worker.take(), { kind: 'failure', reason: 'out of memory' })
      await table.until('its process fails', isBackingOff)
      return dueAgain(lake, table)
    },
    kind: 'backing-off',
    says: /^waits after 1 failure in a row, the last while executing: task 1 failed 1 time: out of memory$/,
    remedy: /mend what the reason names/,
    shows: { verdict: { until: at(MINUTE), figures: { failures: 1 } }, failures: [{ at: T0, reason: /./ }] },
  },
  {
    why: 'it cannot be planned, since its metadata has vanished',
    async seed(lake) {
      const table = await due(lake)
      rmSync((await table.load()).metadataLocation)
      await lake.register()
      await table.until('planning fails', isBackingOff)
      return table
    },
    kind: 'backing-off',
    says: /the last while planning: .*\.metadata\.json does not exist$/,
    remedy: /mend what the reason names/,
    shows: { verdict: { until: WITHIN_A_MINUTE } },
  },
  {
    why: 'it is switched off',
    seed: (lake) => seen(lake, { properties: { 'self-optimizing.enabled': 'false' } }),
    kind: 'disabled',
    says: /self-optimizing.enabled is false/,
    remedy: /set the table property self-optimizing.enabled to true/,
  },
  {
    why: 'its files are of a format that is not rewritten',
    async seed(lake) {
      await lake.register()
      const table = await seen(lake, { fileFormat: 'orc' })
      await table.until('planning finds nothing', isPlannedEmpty)
      return table
    },
    kind: 'empty-plan',
    says: /region=eu: unsupported-format: data files in orc are not rewritten/,
    remedy: /an end to the reason in the text/,
    shows: { verdict: { finding: /./ } },
  },
  {
    why: 'its filter leaves out all there is',
    async seed(lake) {
      await lake.register()
      const table = await seen(lake, { properties: { 'self-optimizing.filter': "region = 'us'" } })
      await table.until('planning finds nothing', isPlannedEmpty)
      return table
    },
    kind: 'empty-plan',
    says: /region=eu: filtered: outside the partitions that may be optimized/,
    remedy: /self-optimizing.filter/,
  },
  {
    why: 'somebody paused it',
    async seed(lake) {
      const table = await due(lake)
      await lake.do('POST', `${table.path}/pause`, { reason: 'migration' })
      return table
    },
    kind: 'paused',
    says: /^paused by anybody: migration; there is work/,
    remedy: /moraine table resume/,
  },
  {
    why: 'its group is paused',
    async seed(lake) {
      await changeGroup(lake, { paused: 'true' })
      return due(lake)
    },
    kind: 'group-paused',
    says: /^resource group 'default' is paused/,
    remedy: /moraine group set --unset paused/,
  },
  {
    why: 'its window is closed at eight in the morning',
    seed: (lake) => due(lake, { properties: { 'self-optimizing.windows': '0 22 * * * for 6h' } }),
    kind: 'outside-windows',
    says: /^outside of its windows \(self-optimizing.windows: 0 22 \* \* \* for 6h\)/,
    remedy: /a request by a person, which does not wait/,
    shows: { verdict: { until: at(14 * HOUR) } },
  },
  {
    why: 'its group has a blackout on weekday mornings',
    async seed(lake) {
      await changeGroup(lake, { blackouts: '0 6 * * MON-FRI for 4h' })
      return due(lake)
    },
    kind: 'blackout',
    says: /^in a blackout \(blackouts of group 'default': 0 6 \* \* MON-FRI for 4h\)/,
    remedy: /a request by a person waits, too/,
    shows: { verdict: { until: at(2 * HOUR) } },
  },
  {
    why: 'it is not switched off: the property is misspelled',
    seed: (lake) => due(lake, { properties: { 'self-optimizing.enabeld': 'false' } }),
    kind: 'no-optimizer',
    says: /^no optimizer is registered/,
    remedy: /start an optimizer/,
    shows: { unknownProperties: [{ key: 'self-optimizing.enabeld', meant: 'self-optimizing.enabled' }] },
  },
  {
    why: 'its window never opens',
    seed: (lake) => due(lake, { properties: { 'self-optimizing.windows': '0 2 30 2 * for 1h' } }),
    kind: 'never-opens',
    says: /^outside of its windows \(self-optimizing.windows: 0 2 30 2 \* for 1h\), and that never ends/,
    remedy: /other windows or blackouts/,
  },
  {
    why: 'its window cannot be read',
    async seed(lake) {
      const table = await lake.makeTable({ properties: { 'self-optimizing.windows': 'at night' } })
      await table.until('it fails', isFailing)
      return table
    },
    kind: 'refresh-failing',
    says: /window 'at night': it is not written as CRON for DURATION/,
    remedy: /mend what the reason names/,
  },
  {
    why: 'its manifest list is damaged',
    async seed(lake) {
      const table = await seen(lake, { regions: [] })
      await damage(lake, table)
      return table
    },
    kind: 'refresh-failing',
    says: /^the table cannot be evaluated: .*snap-\S+\.avro/,
    remedy: /mend what the reason names/,
    shows: { verdict: { since: at(1000) }, partitionsTotal: 0, partitionsFailure: /snap-\S+\.avro/ },
  },
  {
    why: 'it waits for an optimizer, and its manifest list is damaged besides',
    async seed(lake) {
      const table = await due(lake)
      await damage(lake, table)
      return table
    },
    kind: 'no-optimizer',
    says: /^no optimizer .*; besides, it cannot be evaluated since 2027-01-15T08:00:01\.000Z: .*snap-\S+\.avro/,
    remedy: /start an optimizer/,
  },
  {
    why: 'its catalog is down',
    seed: (lake) => deserted(lake, () => undefined),
    kind: 'refresh-failing',
    says: /got no answer: connect ECONNREFUSED /,
    remedy: /tried again by itself/,
    shows: { partitionsFailure: /ECONNREFUSED/ },
  },
  {
    why: 'its catalog takes connections and does not answer',
    seed: (lake) =>
      deserted(lake, async (port) => {
        const silent = createServer().listen(port, '127.0.0.1').unref()
        await once(silent, 'listening')
      }),
    kind: 'refresh-failing',
    says: /did not end within 60000 ms; check the catalog and the network$/,
    remedy: /tried again by itself/,
    shows: { partitionsFailure: /explain did not end within 30000 ms/ },
    isSlow: true,
  },
  {
    why: 'its catalog was asked often enough, and is left alone',
    seed: leftAlone,
    kind: 'catalog-unreachable',
    says: /^catalog 'far' does not answer since 2027-\S+Z \(\d+ calls in a row, the last: .*ECONNREFUSED.*\), and is tried again at 2027-\S+Z; the table is not looked at$/,
    remedy: /mend what the reason names.*its tables go on as soon as it answers/,
    shows: { partitionsFailure: /ECONNREFUSED/ },
  },
  {
    why: 'no server does the work',
    service: { leads: false },
    seed: (lake) => lake.makeTable(),
    kind: 'not-evaluated',
    says: /has not been looked at yet/,
    remedy: /see whether a server leads/,
  },
  {
    why: 'its plan does not come to an end',
    service: { maintenance: { plan: () => new Promise(() => {}) } },
    async seed(lake) {
      await lake.register()
      const table = await lake.makeTable()
      await table.until('it is being planned', ({ state }) => state.phase === 'planning')
      return table
    },
    kind: 'planning',
    says: /^a plan is being made$/,
    remedy: /longer than ten minutes see whether a server leads/,
    shows: { verdict: { since: T0 } },
  },
  {
    why: 'it is being worked on',
    seed: (lake) => working(lake, () => lake.pass(5000)),
    kind: 'executing',
    says: /^1 thread is working, 0 of 3 tasks done$/,
    remedy: /^nothing: it is being worked on$/,
    shows: {
      quota: { usedMs: 5000 },
      work: [{ taskId: 1, partition: 'region=eu', attempt: 1, threadId: 0, since: T0, lastHeardAt: at(5000) }],
    },
  },
  {
    why: 'whoever works on it is silent',
    seed: (lake) =>
      working(lake, (worker) => {
        worker.die()
        return lake.pass(50_000)
      }),
    kind: 'executing',
    says: /an optimizer has been silent for 50\.0 s and is lost after 1 min \(optimizer.heart-beat-timeout\)$/,
    remedy: /^nothing/,
    shows: { work: [{ lastHeardAt: T0 }] },
  },
  {
    why: 'whoever worked on it died',
    seed: (lake) =>
      working(lake, (worker) => {
        worker.die()
        return lake.pass(70_000)
      }),
    kind: 'no-optimizer',
    says: /^no optimizer is registered/,
    remedy: /start an optimizer/,
    shows: {
      verdict: { figures: { tasks: 3, planned: 3, running: 0 } },
      failures: [{ at: at(MINUTE), taskId: 1, reason: /its optimizer \S+ is gone/ }],
    },
  },
  {
    why: 'it is an orphan: its optimizer died, and the server that led',
    seed: (lake) =>
      working(lake, async (worker) => {
        await lake.stopWork()
        worker.die()
        await lake.pass(HOUR)
      }),
    kind: 'orphaned',
    says: /^nobody works on it: 1 task is with optimizers that are gone or silent for more than 1 min .*; 0 of 3 tasks done$/,
    remedy: /see whether a server leads/,
    shows: { verdict: { figures: { silent: 1, planned: 2 } }, work: [{ taskId: 1, since: T0, lastHeardAt: T0 }] },
  },
  {
    why: 'its tasks are done, and nobody concludes anything of that',
    service: COMMITS,
    seed: (lake) => done(lake, () => lake.stopWork()),
    kind: 'settling',
    says: /^1 of 1 tasks done, all have ended/,
    remedy: /see whether a server leads/,
  },
  {
    why: 'nobody knows whether its commit was made',
    service: committing(async () => ({ kind: 'unknown', reason: 'the catalog did not answer' })),
    async seed(lake) {
      const table = await done(lake)
      await table.until('it is to be committed', ({ state }) => state.phase === 'committing')
      await lake.pass(10_000)
      return table
    },
    kind: 'committing',
    says: /^\d tries to commit did not settle it, the last: the catalog did not answer$/,
    remedy: /tried again, for about half an hour in all/,
  },
  {
    why: 'a lease that came after the plan keeps it from being committed',
    service: COMMITS,
    async seed(lake) {
      const table = await done(lake, blockFor(lake, 'optimize'))
      await table.until('it is to be committed', ({ state }) => state.phase === 'committing')
      return table
    },
    kind: 'blocked',
    says: /\(app=load\); the results wait to be committed$/,
    remedy: /its owner releases the lease/,
    shows: { verdict: { phase: 'committing', until: WITHIN_A_MINUTE } },
  },
  {
    why: 'somebody asked for a partition, which waits for no window, but for an optimizer',
    async seed(lake) {
      const properties = { 'self-optimizing.windows': '0 22 * * * for 6h' }
      const table = await due(lake, { regions: ['eu', 'us'], properties })
      await lake.do('POST', `${table.path}/optimize`, { type: 'full', partitions: ['region=eu'] })
      return table
    },
    kind: 'no-optimizer',
    says: /^no optimizer is registered/,
    remedy: /start an optimizer/,
    shows: {
      request: { type: 'full', partitions: ['region=eu'], requestedAt: T0 },
      partitions: [
        { partition: 'region=eu', isRequested: true },
        { partition: 'region=us', isRequested: false },
      ],
    },
  },
]

/** Of objects only what is named; lists are whole; texts match. */
function checkShown(actual: unknown, expected: unknown, where: string): void {
  if (expected instanceof RegExp) {
    assert.match(String(actual), expected)
    return
  }
  if (typeof expected !== 'object' || expected === null) {
    assert.equal(actual, expected, where)
    return
  }
  assert.ok(typeof actual === 'object' && actual !== null, where)
  if (Array.isArray(expected)) assert.equal(Object.keys(actual).length, expected.length, where)
  for (const [key, value] of Object.entries(expected)) {
    checkShown((actual as Record<string, unknown>)[key], value, `${where}: ${key}`)
  }
}

for (const { why, service, seed, kind, says, remedy, shows = {}, isSlow } of PUZZLES) {
  test(`why is it not optimized? ${why}`, async () => {
    const lake = await openLakehouse(service)
    try {
      const { path } = await seed(lake)
      const result = await lake.ask(`${path}/explain`, { isSlow })
      assert.equal(result.verdict.kind, kind, result.verdict.text)
      assert.match(result.verdict.text, says)
      assert.match(result.remedy, remedy)
      checkShown(result, shows, 'the answer')
    } finally {
      await lake.close()
    }
  })
}
