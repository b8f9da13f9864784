import type { SimulationOptions } from './simulate-many.ts'

/** A mistake that somebody could make, as an exact replacement of text in one source file. */
export type Defect = {
  readonly name: string
  /** From the root of the repository. */
  readonly file: string
  /** Stands there exactly once. */
  readonly text: string
  readonly replacement: string
  /** Where it is looked for. */
  readonly world: Pick<SimulationOptions, 'servers' | 'allocates' | 'asks' | 'alters' | 'skewed' | 'crowded' | 'steady'>
  /** From 1: one of so many finds it. Which one it is changes with the sources, so there are several times as many as it takes. */
  readonly seeds: number
}

const CORE = 'packages/management/src'
const SERVER = 'apps/server/src'
const ALONE = { servers: 1, allocates: false, asks: false }
const AMONG_THREE = { servers: 3, allocates: false, asks: false }
const ALTERED = { alters: true }
const SKEWED = { skewed: true }
const CROWDED = { crowded: true }
const STEADY = { steady: true }

/** Each must be found by a rule of the simulator; `npm run sim -- --defects` puts one after another into a copy. */
export const DEFECTS: readonly Defect[] = [
  {
    name: 'a leader’s writes do not carry its fence',
    file: `${CORE}/leadership/fenced-state-store.ts`,
    text: 'store.apply(changes, current)',
    replacement: 'store.apply(changes)',
    world: AMONG_THREE,
    seeds: 200,
  },
  {
    name: 'a lease is renewed whoever holds it now',
    file: 'packages/testkit/src/memory-stores/memory-leases.ts',
    text: 'return holdsFence({ leases }, fence) ? save(request, request.epoch) : undefined',
    replacement: 'return save(request, request.epoch)',
    world: AMONG_THREE,
    seeds: 600,
  },
  {
    name: 'reports are accepted for any attempt',
    file: `${CORE}/optimizing/ownership.ts`,
    text: "  if (sender.attempt !== undefined && sender.attempt !== assignment.attempt) return 'old-attempt'\n",
    replacement: '',
    world: ALONE,
    seeds: 1500,
  },
  {
    name: 'reports are accepted from anybody and for any attempt',
    file: `${CORE}/optimizing/ownership.ts`,
    text: "if (assignment === undefined) return 'not-running'",
    replacement: "return assignment === undefined ? 'not-running' : 'owner'",
    world: ALONE,
    seeds: 200,
  },
  {
    name: 'an attempt number is given twice',
    file: `${CORE}/optimizing/assign-task.ts`,
    text: 'const attempt = task.state.attempts + 1',
    replacement: 'const attempt = Math.max(1, task.state.attempts)',
    world: ALONE,
    seeds: 100,
  },
  {
    name: 'a table gets a thread more than its quota',
    file: `${CORE}/optimizing/choose-tasks.ts`,
    text: 'threads >= quotaThreads(',
    replacement: 'threads > quotaThreads(',
    world: ALONE,
    seeds: 100,
  },
  {
    name: 'a task that is overdue is not taken back',
    file: `${SERVER}/background/reaper.ts`,
    text: 'of decision.overdue) {',
    replacement: 'of decision.overdue.slice(0, 0)) {',
    world: ALONE,
    seeds: 100,
  },
  {
    name: 'deadlines never pass',
    file: `${CORE}/resources/deadlines.ts`,
    text: '    if (deadline <= now) return true\n',
    replacement: '',
    world: ALONE,
    seeds: 100,
  },
  {
    name: 'holds are ignored',
    file: `${SERVER}/waiting/hold-finder.ts`,
    text: 'if (hold !== undefined) holds.set(tableId, hold)',
    replacement: 'void hold',
    world: ALONE,
    seeds: 100,
  },
  {
    name: 'the planner ignores holds',
    file: `${CORE}/optimizing/choose-tables.ts`,
    text: 'const held = hold === undefined ? 0 : (hold.until ?? NEVER)',
    replacement: 'const held = 0 * (hold?.until ?? 0)',
    world: ALONE,
    seeds: 200,
  },
  {
    name: 'the tasks of held tables count as work ahead',
    file: `${SERVER}/waiting/planned-ahead.ts`,
    text: 'const free = dispatchable.filter(({ tableId }) => !holds.has(tableId))',
    replacement: 'const free = dispatchable',
    world: CROWDED,
    seeds: 100,
  },
  {
    name: 'tasks beyond the quota of their table count as work ahead',
    file: `${CORE}/optimizing/choose-tables.ts`,
    text: 'tasks + tasksWithinQuota(process, groupThreads)',
    replacement: 'tasks + process.plannedTasks',
    world: CROWDED,
    seeds: 100,
  },
  {
    name: 'the quota of a table has no say in the order of plans',
    file: `${CORE}/optimizing/choose-tables.ts`,
    text: 'quotaOccupation(usedMs.get(table.tableId) ?? 0, table.settings.quota, groupThreads)',
    replacement: '(usedMs.get(table.tableId) ?? 0)',
    world: STEADY,
    seeds: 20,
  },
  {
    name: 'what tables used is never forgotten',
    file: `${SERVER}/background/planner.ts`,
    text: 'tasks.sumAttemptTime(later(now, -QUOTA_WINDOW_MS), now)',
    replacement: 'tasks.sumAttemptTime(later(now, -24 * QUOTA_WINDOW_MS), now)',
    world: STEADY,
    seeds: 20,
  },
  {
    name: 'a commit that is tried again is made as another',
    file: `${SERVER}/background/committer.ts`,
    text: 'return { table: open.table.name, processId, plan, results, isHeld }',
    replacement: [
      "const tries = open.process.state.status === 'committing' ? open.process.state.commitAttempts : 0",
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the text of a program.
      'return { table: open.table.name, processId: `${processId}/${tries}`, plan, results, isHeld }',
    ].join('\n'),
    world: ALONE,
    seeds: 300,
  },
  {
    name: 'a commit that failed once is given up',
    file: `${CORE}/optimizing/settle-commit.ts`,
    text: "(outcome.kind === 'failed' && !outcome.retryable)",
    replacement: "outcome.kind === 'failed'",
    world: ALONE,
    seeds: 200,
  },
  {
    name: 'outputs are deleted although they were committed',
    file: `${CORE}/optimizing/settle-commit.ts`,
    text: "    ...refuseTasks(open, report, now),\n    {\n      kind: 'set-clocks',",
    replacement:
      "    ...refuseTasks(open, report, now),\n    ...open.tasks.flatMap((task) => discardOutput(task, now)),\n    {\n      kind: 'set-clocks',",
    world: ALONE,
    seeds: 100,
  },
  {
    name: 'the output of an attempt that failed is forgotten',
    file: `${CORE}/optimizing/complete-task.ts`,
    text: "    addDiscard(task, { attempt, commit: 'never-tried', dueAt: now }),\n",
    replacement: '',
    world: ALONE,
    seeds: 200,
  },
  {
    name: 'a process that its table does not want goes on',
    file: `${CORE}/optimizing/settle-process.ts`,
    text: 'if (tasks.some(isOpen)) return endUnwanted(open, now)',
    replacement: 'if (tasks.some(isOpen)) return tasks.length === 0 ? endUnwanted(open, now) : []',
    world: ALTERED,
    seeds: 100,
  },
  {
    name: 'an output is deleted by another clock than it was listed by',
    file: `${CORE}/optimizing/spared-discards.ts`,
    text: 'return since.now',
    replacement: 'return undefined',
    world: SKEWED,
    seeds: 1500,
  },
  {
    name: 'back-off by a clock that was ahead is waited for',
    file: `${CORE}/tables/next-back-off.ts`,
    text: 'return dueTime(notBefore, now, pauseMs(failures))',
    replacement: 'return now < 0 ? dueTime(notBefore, now, 0) : notBefore',
    world: SKEWED,
    seeds: 1500,
  },
  {
    name: 'a table whose planner died is not given back',
    file: `${SERVER}/background/planner.ts`,
    text: 'if (!inHand(table.tableId)) await',
    replacement: 'if (inHand(table.tableId)) await',
    world: ALONE,
    seeds: 100,
  },
  {
    name: 'a table whose process failed is not looked at again',
    file: `${CORE}/tables/refresh-table.ts`,
    text: "const waits = state.phase === 'idle' && wantsWork(table, evaluation)",
    replacement: 'const waits = false',
    world: ALONE,
    seeds: 200,
  },
  {
    name: 'the settler looks only at what it is nudged to',
    file: `${SERVER}/background/settler.ts`,
    text: 'if (!all) return {}',
    replacement: 'if (all || !all) return {}',
    world: ALONE,
    seeds: 100,
  },
  {
    name: 'nobody is released',
    file: `${SERVER}/background/allocator.ts`,
    text: 'const released = idle === undefined ||',
    replacement: 'const released = idle !== undefined ||',
    world: { servers: 1, allocates: true },
    seeds: 100,
  },
  {
    name: 'whoever is on the way is not reckoned with',
    file: `${CORE}/resources/decide-allocation.ts`,
    text: 'figures, room: roomFor(input.settings, figures) }',
    replacement: 'figures, room: input.settings.maxThreads }',
    world: { servers: 1, allocates: true },
    seeds: 100,
  },
]
