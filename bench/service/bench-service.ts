import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, homedir, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type BudgetTable, budgetTable } from '../catalog/budget-table.ts'
import { startIdleOptimizers } from './idle-optimizers.ts'
import { percentile } from './percentile.ts'
import type { Ask, Begun, Committed, Usage } from './serve-term.ts'

/**
 * The optimizing service with many registered tables: at its start, at rest, under commits that its own catalog is told
 * of, and handing out tasks that are empty. The exit code is 1 if a budget is missed.
 */
export async function benchService(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      tables: { type: 'string', multiple: true, default: ['1000', '10000', '100000'] },
      seconds: { type: 'string', default: '20' },
      // After its start every table is looked at once, strewn over `refresh-tables.interval`.
      first: { type: 'string', default: '65' },
      rest: { type: 'string', default: '20' },
      'per-second': { type: 'string', default: '1000' },
      cache: { type: 'string', default: join(homedir(), '.cache', 'moraine-bench') },
      database: { type: 'string' },
      'report-only': { type: 'boolean', default: false },
      profile: { type: 'string' },
      'by-call': { type: 'boolean', default: false },
    },
  })
  const print = (line: string) => void process.stdout.write(`${line}\n`)
  const missed: string[] = []
  const load = () => loadavg()[0]?.toFixed(1)
  print(`${cpus().length} x ${cpus()[0]?.model}, load ${load()}, Node ${process.versions.node}`)
  const terms = {
    seconds: Number(values.seconds),
    perSecond: Number(values['per-second']),
    firstSeconds: Number(values.first),
    restSeconds: Number(values.rest),
    cacheDir: values.cache,
    ...(values.database !== undefined && { database: values.database }),
    ...(values.profile !== undefined && { profileDir: values.profile }),
    onUsage: (what: string, { counts }: Usage) => values['by-call'] && print(`  ${what}: ${callsOf(counts)}`),
  }
  for (const tables of values.tables.map(Number)) {
    print(`${tables} tables, ${values.database === undefined ? 'SQLite' : new URL(values.database).protocol}`)
    const table = budgetTable(print)
    await benchTables(table, tables, terms)
    missed.push(...table.missed().map((what) => `${what.trim()} (${tables} tables)`))
  }
  print(`load ${load()} at the end`)
  if (missed.length === 0) return
  print(`missed: ${missed.join('; ')}`)
  if (!values['report-only']) process.exitCode = 1
}

type Terms = {
  readonly seconds: number
  readonly perSecond: number
  readonly firstSeconds: number
  readonly restSeconds: number
  readonly cacheDir: string
  readonly database?: string
  readonly profileDir?: string
  readonly onUsage: (what: string, usage: Usage) => void
}

const OPTIMIZERS = 4
const THREADS = 16
const TOLD_AGAIN = 5000
/** So many wait to be planned at once; in a lake of a few tables only the first. */
const BACKLOGS = [200, 2000]
/** One commit of so many leaves work. */
const WORK_SHARE = 1 / 50

async function benchTables(table: BudgetTable, tables: number, terms: Terms): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), 'moraine-bench-'))
  const service = startService()
  try {
    const { ask } = service
    const { onUsage, firstSeconds, restSeconds, cacheDir, database, profileDir } = terms
    const place = { cacheDir, ...(database && { database }), ...(profileDir && { profileDir }) }
    const begun = await ask<Begun>({ ask: 'begin', dataDir: join(home, 'data'), tables, ...place })
    table.line('start, until optimizers may come in, s', [begun.seconds], undefined, 2)
    const optimizers = startIdleOptimizers(begun.thriftPort, OPTIMIZERS, THREADS)
    const first = await ask<Usage>({ ask: 'look', seconds: firstSeconds })
    table.line(`first ${firstSeconds} s: CPU s`, [first.cpuSeconds], undefined, 1)
    lineOfUsage(table, first)
    onUsage('first', first)
    const rest = await ask<Usage>({ ask: 'look', seconds: restSeconds })
    table.line('at rest, 64 threads wait: % of a core', [percentOfCore(rest)], { atMost: 20 }, 1)
    lineOfUsage(table, rest)
    onUsage('at rest', rest)
    const told = await benchCommits(table, tables, terms, ask, optimizers.receivedOfProcess)
    await benchBacklog(table, tables, ask)
    const memory = Math.max(first.residentMb, rest.residentMb, told)
    table.line('resident memory, MB, at its peak', [memory], { atMost: 1024 })
    await optimizers.stop()
  } finally {
    await service.stop()
    await rm(home, { recursive: true, force: true })
  }
}

async function benchCommits(
  table: BudgetTable,
  tables: number,
  terms: Terms,
  ask: Service['ask'],
  received: ReadonlyMap<string, number>,
): Promise<number> {
  const { seconds, perSecond } = terms
  const commits = seconds * perSecond
  const withWork = Math.min(Math.floor(tables * 0.4), Math.floor(commits * WORK_SHARE))
  await ask({ ask: 'prepare', tables, commits, withWork })
  const { usage, figures } = await ask<Committed>({ ask: 'commit', perSecond, seconds })
  const { made, decisionMs, leftToProcess, undecided } = figures
  table.line('commits/s that were told', [made / usage.seconds])
  table.line('  decisions/s', [decisionMs.length / usage.seconds], { atLeast: perSecond * 0.95 })
  table.line('  undecided at the end, left to a process', [undecided, leftToProcess], { atMost: 0 })
  const at = (times: readonly number[]) => [0.95, 0.5, 0.99].map((share) => percentile(times, share))
  table.line('  ms from commit to decision: p95, p50, p99', at(decisionMs), { atMost: 1000 }, 1)
  table.line('  % of a core; CPU ms per commit', [percentOfCore(usage), (usage.cpuSeconds * 1000) / made], undefined, 2)
  lineOfUsage(table, usage, made)
  terms.onUsage('commits', usage)
  const processes = Object.entries(figures.readyOfProcess).flatMap(([id, readyAt]) => {
    const receivedAt = received.get(id)
    return receivedAt === undefined ? [] : [{ receivedAt, readyAt, toldAt: figures.toldOfProcess[id] ?? Number.NaN }]
  })
  table.line('tasks/s over Thrift; with work, reached a thread', [
    processes.length / usage.seconds,
    withWork,
    processes.length,
  ])
  const dispatch = processes.map(({ receivedAt, readyAt }) => receivedAt - readyAt)
  table.line('  ms from queued task to idle thread: p95, p50, p99', at(dispatch), { atMost: 50 }, 1)
  const toTask = processes.map(({ receivedAt, toldAt }) => receivedAt - toldAt)
  table.line('  ms from commit to running task: p95, p50, p99', at(toTask), { atMost: 1000 }, 1)
  await ask({ ask: 'settle' })
  const again = await ask<Usage>({ ask: 'tell-again', count: TOLD_AGAIN })
  table.line(
    `${TOLD_AGAIN} tables told of, nothing changed: writes, reads each`,
    [again.counts.writes - touchesIn(again), again.counts.reads / TOLD_AGAIN],
    { atMost: 0 },
    1,
  )
  terms.onUsage('told again', again)
  return Math.max(usage.residentMb, again.residentMb)
}

/** What it costs to plan one table must not depend on how many wait beside it. */
async function benchBacklog(table: BudgetTable, tables: number, ask: Service['ask']): Promise<void> {
  const counts = BACKLOGS.filter((count) => count < tables / 2)
  for (const [at, count] of counts.entries()) {
    const from = tables - counts.slice(0, at + 1).reduce((sum, each) => sum + each, 0)
    const usage = await ask<Usage>({ ask: 'backlog', from, count })
    const each = [(usage.cpuSeconds * 1000) / count, (usage.seconds * 1000) / count]
    table.line(`${count} tables wait to be planned: CPU ms, ms each`, each, undefined, 2)
  }
}

/** Heartbeats of optimizers are theirs. */
function touchesIn({ counts }: Usage): number {
  return counts.calls['optimizers.touchOptimizer']?.calls ?? 0
}

/** What was asked of the database: of each commit, or each second. */
function lineOfUsage(table: BudgetTable, usage: Usage, commits?: number): void {
  const { counts, seconds, heldUpMs } = usage
  const per = commits ?? seconds
  const figures = [counts.writes - touchesIn(usage), counts.reads, counts.rows].map((count) => count / per)
  table.line(`  per ${commits === undefined ? 'second' : 'commit'}: writes, reads, rows read`, figures, undefined, 2)
  table.line('  ms that the event loop was held up at most', [heldUpMs])
}

function percentOfCore({ cpuSeconds, seconds }: Usage): number {
  return (100 * cpuSeconds) / seconds
}

function callsOf({ calls }: Usage['counts']): string {
  return Object.entries(calls)
    .map(([what, each]) => `${what} ${each.calls}/${each.rows}`)
    .join(', ')
}

type Service = { ask<T>(what: Ask): Promise<T>; stop(): Promise<void> }

/** In a process of its own, so that its processor time and memory are its own. */
function startService(): Service {
  const child = fork(fileURLToPath(new URL('serve-term.ts', import.meta.url)), {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const ended = once(child, 'exit')
  return {
    async ask<T>(what: Ask) {
      child.send(what)
      const died = ended.then(([code]) => {
        throw new Error(`the service ended with ${code}`)
      })
      const [answered] = await Promise.race([once(child, 'message'), died])
      return answered as T // as `serve-term.ts` says for what is asked
    },
    async stop() {
      if (child.exitCode === null) child.kill('SIGKILL')
      await ended
    },
  }
}
