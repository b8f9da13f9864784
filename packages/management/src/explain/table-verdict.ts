import type { TablePhase } from '@moraine/lifecycle/table-phase'
import { unreachable } from '@moraine/stdx/assert'
import type { EpochMs } from '@moraine/stdx/brand'
import { counted } from '@moraine/stdx/human-text'
import type { CatalogOutage } from '../catalogs/catalog-breaker.ts'
import { planNotBefore } from '../optimizing/choose-tables.ts'
import { quotaThreads } from '../optimizing/quota.ts'
import type { ManagedTable } from '../records/managed-table.ts'
import { requestText } from '../records/optimize-request.ts'
import { activeThreads } from '../records/optimizer.ts'
import { type Hold, type HoldKind, holdsCommits } from '../schedule/hold.ts'
import { type Hearing, type OpenWork, silence } from './open-work.ts'

/** Why a table is, or is not, being optimized at this moment, and what would change that. */
export type TableVerdict = {
  readonly phase: TablePhase
  readonly kind: VerdictKind
  /** One sentence with the figures, for a person. */
  readonly text: string
  readonly since: EpochMs
  /** When time alone changes the verdict. */
  readonly until: EpochMs | undefined
  readonly figures: Readonly<Record<string, number>>
}

export type VerdictKind =
  | 'not-evaluated'
  | 'refresh-failing'
  | 'catalog-unreachable'
  | 'disabled'
  | 'nothing-due'
  | 'empty-plan'
  | 'group-missing'
  | 'no-optimizer'
  | 'backing-off'
  | 'min-plan-interval'
  | HoldKind
  | 'never-opens'
  | 'queued'
  | 'planning'
  | 'waiting-for-thread'
  | 'withheld'
  | 'no-quota'
  | 'orphaned'
  | 'settling'
  | 'executing'
  | 'committing'

/** The facts a verdict is drawn from; none of them but the outage is remembered only in memory. */
export type VerdictFacts = Hearing & {
  readonly table: ManagedTable
  readonly open: OpenWork | undefined
  readonly groupExists: boolean
  readonly hold: Hold | undefined
  /** `self-optimizing.break-quota-limit-enabled`: whether idle threads work on a table beyond its quota. */
  readonly breaksQuota: boolean
  /** Of its catalog, as the server that leads knows. */
  readonly outage: CatalogOutage | undefined
  /** Why no more tables of its catalog are planned: it gives no access to the files of those that are. */
  readonly refusal?: string | undefined
}

export function verdictOf(facts: VerdictFacts): TableVerdict {
  const { phase } = facts.table.state
  switch (phase) {
    case 'idle':
      return idleVerdict(facts)
    case 'pending':
      return withRefreshFailure(withOutage(pendingVerdict(facts), facts), facts)
    case 'planning':
      return planningVerdict(facts)
    case 'executing':
      return executingVerdict(facts)
    case 'committing':
      return committingVerdict(facts)
    default:
      return unreachable(phase)
  }
}

function idleVerdict(facts: VerdictFacts): TableVerdict {
  const { table } = facts
  const { evaluation, emptyPlan, refreshFailure, settings } = table
  // What is known of the table may be out of date.
  if (facts.outage !== undefined) return outageVerdict(facts, facts.outage, 'the table is not looked at')
  if (refreshFailure !== undefined) {
    const text = `the table cannot be evaluated: ${refreshFailure.reason}`
    return { ...verdict(facts, 'refresh-failing', text), since: refreshFailure.since }
  }
  if (evaluation === undefined) return verdict(facts, 'not-evaluated', 'the table has not been looked at yet')
  if (!settings.enabled) return verdict(facts, 'disabled', 'self-optimizing.enabled is false')
  // That it would not be worked on is worth knowing before there is work.
  const { hold } = facts
  if (hold !== undefined) return heldVerdict(facts, hold, `there is nothing to do now (${findingOf(table)})`)
  if (evaluation.needed !== undefined && emptyPlan?.metadataLocation === evaluation.metadataLocation) {
    const text = `a trigger holds, but planning found no task: ${emptyPlan.finding.text}`
    return { ...verdict(facts, 'empty-plan', text), figures: emptyPlan.finding.figures }
  }
  const text = evaluation.finding.text
  return {
    ...verdict(facts, 'nothing-due', text),
    figures: evaluation.finding.figures,
    until: evaluation.reevaluateAt,
  }
}

/** What ends the wait may be of no use then. */
function withOutage(verdict: TableVerdict, { outage }: VerdictFacts): TableVerdict {
  if (outage === undefined || verdict.kind === 'catalog-unreachable') return verdict
  return { ...verdict, text: `${verdict.text}; besides, ${outageText(outage)}` }
}

/** The same: what keeps it from being evaluated is told once. */
function withRefreshFailure(verdict: TableVerdict, { table: { refreshFailure }, outage }: VerdictFacts): TableVerdict {
  if (refreshFailure === undefined || outage !== undefined) return verdict
  const since = new Date(refreshFailure.since).toISOString()
  return {
    ...verdict,
    text: `${verdict.text}; besides, it cannot be evaluated since ${since}: ${refreshFailure.reason}`,
  }
}

function pendingVerdict(facts: VerdictFacts): TableVerdict {
  const { table, groupExists, optimizers, now } = facts
  const { group } = table.settings
  if (!groupExists) return verdict(facts, 'group-missing', groupMissing(group))
  if (facts.hold !== undefined) return heldVerdict(facts, facts.hold, `there is work (${findingOf(table)})`)
  if (facts.outage !== undefined) return outageVerdict(facts, facts.outage, `there is work (${findingOf(table)})`)
  if (activeThreads(optimizers) === 0) {
    return verdict(facts, 'no-optimizer', noOptimizer(facts, group))
  }
  if (table.settings.quota === 0 && !facts.breaksQuota) {
    return verdict(facts, 'no-quota', `there is work (${findingOf(table)}); ${NO_QUOTA}`)
  }
  if (facts.refusal !== undefined) {
    const text = `there is work (${findingOf(table)}); of its catalog no more tables are planned, since access to the files of those that are cannot be given to optimizers: ${facts.refusal}`
    return verdict(facts, 'withheld', text)
  }
  const until = planNotBefore(table, undefined, now)
  if (until <= now) {
    return {
      ...verdict(facts, 'queued', `waits to be planned: ${findingOf(table)}`),
      figures: table.evaluation?.finding.figures ?? {},
    }
  }
  if (table.backOff !== undefined && table.backOff.notBefore === until) {
    const { failures, step, reason } = table.backOff
    const text = `waits after ${counted(failures, 'failure')} in a row, the last while ${step}: ${reason}`
    return { ...verdict(facts, 'backing-off', text), until, figures: { failures } }
  }
  const text = `planned at most every ${table.settings.minPlanIntervalMs} ms (self-optimizing.min-plan-interval)`
  return { ...verdict(facts, 'min-plan-interval', text), until }
}

function planningVerdict(facts: VerdictFacts): TableVerdict {
  const { request } = facts.table
  const why = request === undefined ? '' : `: ${requestText(request)}`
  return verdict(facts, 'planning', `a plan is being made${why}`)
}

function executingVerdict(facts: VerdictFacts): TableVerdict {
  const { open } = facts
  if (open === undefined) return verdict(facts, 'executing', 'a process is running')
  const { counts, process } = open
  const running = counts.scheduled + counts.acked
  const figures = { tasks: process.taskCount, planned: counts.planned, running, succeeded: counts.succeeded }
  const why = process.isRequested ? ', as a person asked' : ''
  const progress = `${counts.succeeded} of ${process.taskCount} tasks done${why}`
  if (running > 0) return runningVerdict(facts, { ...open, running, progress, figures })
  if (counts.planned === 0) {
    return { ...verdict(facts, 'settling', `${progress}, all have ended; the process is to be settled`), figures }
  }
  if (!facts.groupExists) return { ...verdict(facts, 'group-missing', groupMissing(process.group)), figures }
  if (facts.hold !== undefined) return { ...heldVerdict(facts, facts.hold, progress), figures }
  if (activeThreads(facts.optimizers) === 0) {
    return { ...verdict(facts, 'no-optimizer', noOptimizer(facts, process.group)), figures }
  }
  return { ...undispatchedVerdict(facts, { ...open, progress }), figures }
}

/** Nothing keeps the group's threads from it but what is said here. */
function undispatchedVerdict(
  facts: VerdictFacts,
  { process, withheld, progress }: OpenWork & Pick<Running, 'progress'>,
): TableVerdict {
  if (withheld !== undefined) {
    return verdict(facts, 'withheld', `${progress}; access to its files cannot be given to optimizers: ${withheld}`)
  }
  const waits = `${progress}, waits for a thread of group '${process.group}'`
  if (process.quota > 0) return verdict(facts, 'waiting-for-thread', waits)
  return facts.breaksQuota
    ? verdict(facts, 'waiting-for-thread', `${waits} that is idle: self-optimizing.quota is 0`)
    : verdict(facts, 'no-quota', `${progress}; ${NO_QUOTA}`)
}

const NO_QUOTA = 'self-optimizing.quota is 0: no thread is meant to work on it'

type Running = OpenWork & Pick<TableVerdict, 'figures'> & { readonly running: number; readonly progress: string }

function runningVerdict(facts: VerdictFacts, work: Running): TableVerdict {
  const { process, counts, running, progress } = work
  const { silent, text } = silence(work, facts)
  const figures = silent === 0 ? work.figures : { ...work.figures, silent }
  if (silent === running) return { ...verdict(facts, 'orphaned', `nobody works on it: ${text}; ${progress}`), figures }
  const told = text === undefined ? '' : `; ${text}`
  const groupThreads = activeThreads(facts.optimizers)
  const threads = quotaThreads(process.quota, groupThreads)
  const working = counted(running - silent, 'thread is', 'threads are')
  // Where the quota is all there is, it is not what keeps more from working.
  const isAtQuota = threads > 0 && counts.planned > 0 && running >= threads && groupThreads > threads
  const quota = isAtQuota ? `; it works within its quota of ${counted(threads, 'thread')} (self-optimizing.quota)` : ''
  return {
    ...verdict(facts, 'executing', `${working} working, ${progress}${told}${quota}`),
    figures: isAtQuota ? { ...figures, quotaThreads: threads } : figures,
  }
}

function committingVerdict(facts: VerdictFacts): TableVerdict {
  if (facts.hold !== undefined && holdsCommits(facts.hold)) {
    return withOutage(heldVerdict(facts, facts.hold, WAITING_RESULTS), facts)
  }
  if (facts.outage !== undefined) return outageVerdict(facts, facts.outage, WAITING_RESULTS)
  const state = facts.open?.process.state
  if (state?.status !== 'committing' || state.commitAttempts === 0) {
    return verdict(facts, 'committing', 'the results are being committed')
  }
  const text = `${counted(state.commitAttempts, 'try', 'tries')} to commit did not settle it, the last: ${state.reason ?? 'unknown'}`
  return { ...verdict(facts, 'committing', text), until: state.retryAt, figures: { tries: state.commitAttempts } }
}

function groupMissing(group: string): string {
  return `resource group '${group}' (self-optimizing.group) does not exist`
}

function noOptimizer({ optimizers }: VerdictFacts, group: string): string {
  return optimizers.length === 0
    ? `no optimizer is registered in resource group '${group}'`
    : `no optimizer of resource group '${group}' takes tasks: ${counted(optimizers.length, 'is', 'are')} draining`
}

/** Work that waits, and for what. */
function heldVerdict(facts: VerdictFacts, hold: Hold, work: string): TableVerdict {
  const kind = hold.never === true ? 'never-opens' : hold.kind
  return { ...verdict(facts, kind, `${hold.text}; ${work}`), until: hold.until }
}

function outageVerdict(facts: VerdictFacts, outage: CatalogOutage, work: string): TableVerdict {
  const { since, calls, tryAt } = outage
  const text = `${outageText(outage)}; ${work}`
  return { ...verdict(facts, 'catalog-unreachable', text), since, until: tryAt, figures: { calls } }
}

function outageText({ catalog, since, calls, reason, tryAt }: CatalogOutage): string {
  const [begun, next] = [since, tryAt].map((at) => new Date(at).toISOString())
  const unanswered = counted(calls, 'call')
  return `catalog '${catalog}' does not answer since ${begun} (${unanswered} in a row, the last: ${reason}), and is tried again at ${next}`
}

const WAITING_RESULTS = 'the results wait to be committed'

function findingOf({ evaluation, request }: ManagedTable): string {
  if (request !== undefined) return requestText(request)
  return evaluation?.finding.text ?? 'it has not been looked at yet'
}

function verdict({ table }: VerdictFacts, kind: VerdictKind, text: string): TableVerdict {
  return { phase: table.state.phase, kind, text, since: table.state.since, until: undefined, figures: {} }
}
