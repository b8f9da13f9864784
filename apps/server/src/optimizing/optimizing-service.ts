import type { OptimizerId, ProcessId, ResourceId, TaskId } from '@moraine/lifecycle/identity'
import { ackTask } from '@moraine/management/optimizing/ack-task'
import type { Slot } from '@moraine/management/optimizing/assign-task'
import { type AttemptReport, completeTask } from '@moraine/management/optimizing/complete-task'
import { resetTask } from '@moraine/management/optimizing/give-up-attempt'
import { ownership, type StaleReason } from '@moraine/management/optimizing/ownership'
import type { Optimizer } from '@moraine/management/records/optimizer'
import { assignmentOf, runningAssignment } from '@moraine/management/records/task'
import { drainOptimizer, endOptimizer } from '@moraine/management/resources/deadlines'
import { noSuchGroup } from '@moraine/management/resources/no-such-group'
import { type Registration, registerOptimizer } from '@moraine/management/resources/register-optimizer'
import type { StateChange } from '@moraine/management/store/state-change'
import type { Stores } from '@moraine/management/store/stores'
import type { TableMaintenance } from '@moraine/management/table-work/table-maintenance'
import { dueTime, type EpochMs, later } from '@moraine/stdx/brand'
import type { Clock } from '@moraine/stdx/clock'
import { type Random, uuidV4, uuidV7 } from '@moraine/stdx/random'
import type { GroupSecrets } from '../access/group-secrets.ts'
import { applyDecision, deposed } from '../changes/apply-decision.ts'
import type { Dispatcher } from './dispatcher.ts'
import { tokenHash } from './token-hash.ts'
import type { AssignedTask } from './waiting-threads.ts'

export type OptimizingServiceDeps = {
  readonly stores: Pick<Stores, 'state' | 'tasks' | 'processes' | 'optimizers' | 'groups' | 'resources'>
  readonly maintenance: Pick<TableMaintenance, 'checkOutput'>
  readonly dispatcher: Dispatcher
  /** `optimizer.heart-beat-timeout` */
  readonly heartbeatTimeoutMs: number
  /** `optimizer.polling-timeout` */
  readonly pollTimeoutMs: number
  readonly groupSecrets: GroupSecrets
  readonly clock: Clock
  readonly random: Random
}

/** What optimizers can ask, whatever the wire. Every answer a caller must act on is a value. */
export interface OptimizingService {
  register(registration: Registration): Promise<RegisterAnswer>
  touch(token: string): Promise<'known' | 'unknown'>
  poll(token: string, threadId: number, signal: AbortSignal): Promise<PollAnswer>
  ack(token: string, report: TaskReport): Promise<ReportAnswer>
  complete(token: string, report: TaskReport & { readonly end: TaskEnd }): Promise<ReportAnswer>
  /** Which of the tasks that the optimizer believes to run it must stop. */
  findUnwanted(token: string, running: readonly TaskReport[]): Promise<readonly TaskReport[] | 'unknown'>
  /** What an optimizer may tell of itself. */
  findStanding(token: string): Promise<OptimizerStanding | 'unknown'>
  /** The optimizer takes no more tasks, or leaves. */
  drain(token: string): Promise<'known' | 'unknown'>
  leave(token: string): Promise<'known' | 'unknown'>
}

/** `drainReason`: why it is given no more tasks; absent while it is. */
export type OptimizerStanding = { readonly optimizerId: OptimizerId; readonly drainReason?: string }

export type RegisterAnswer =
  | { readonly kind: 'registered'; readonly token: string; readonly optimizerId: OptimizerId }
  | { readonly kind: 'refused'; readonly why: 'unknown-group' | 'forbidden'; readonly reason: string }

/** `unknown`: this token is not, or not any more, that of a live optimizer; it must register again. */
export type PollAnswer =
  | { readonly kind: 'task'; readonly task: AssignedTask }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'unknown' }

/** `attempt` is absent from workers that do not know of attempts. */
export type TaskReport = {
  readonly processId: ProcessId
  readonly taskId: TaskId
  readonly threadId: number
  readonly attempt: number | undefined
}

export type TaskEnd =
  | { readonly kind: 'output'; readonly payload: string }
  | { readonly kind: 'failure'; readonly reason: string }

export type ReportAnswer =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'refused'; readonly why: StaleReason | 'no-such-task' }
  | { readonly kind: 'unknown' }

export function optimizingService(deps: OptimizingServiceDeps): OptimizingService {
  const { stores, clock } = deps
  const find = (token: string) => findLive(stores, token)
  return {
    register: (registration) => register(deps, registration),
    async touch(token) {
      const optimizer = await find(token)
      if (optimizer === undefined) return 'unknown'
      return (await stores.optimizers.touchOptimizer(optimizer.optimizerId, clock.now())) ? 'known' : 'unknown'
    },
    async poll(token, threadId, signal) {
      const optimizer = await find(token)
      return optimizer === undefined ? { kind: 'unknown' } : poll(deps, optimizer, threadId, signal)
    },
    async ack(token, report) {
      const optimizer = await find(token)
      return optimizer === undefined ? { kind: 'unknown' } : ack(deps, optimizer, report)
    },
    async complete(token, report) {
      const optimizer = await find(token)
      return optimizer === undefined ? { kind: 'unknown' } : complete(deps, optimizer, report)
    },
    async findUnwanted(token, running) {
      const optimizer = await find(token)
      return optimizer === undefined ? 'unknown' : findUnwanted(deps, optimizer, running)
    },
    async findStanding(token) {
      const optimizer = await find(token)
      return optimizer === undefined ? 'unknown' : standingOf(deps, optimizer)
    },
    drain: (token) => endWork(deps, token, (optimizer) => drainOptimizer(optimizer, clock.now())),
    leave: (token) => endWork(deps, token, (optimizer) => endOptimizer(optimizer, 'it left', clock.now())),
  }
}

async function findLive({ optimizers }: Pick<Stores, 'optimizers'>, token: string): Promise<Optimizer | undefined> {
  const optimizer = await optimizers.findOptimizerByToken(tokenHash(token))
  return optimizer?.state.status === 'gone' ? undefined : optimizer
}

async function register(deps: OptimizingServiceDeps, registration: Registration): Promise<RegisterAnswer> {
  const { stores, clock, random, heartbeatTimeoutMs, groupSecrets } = deps
  const token = uuidV4(random)
  const optimizerId = uuidV7(random, clock.now()) as OptimizerId
  const group = await stores.groups.findGroup(registration.group)
  const secret = group && groupSecrets(group)
  const { resourceId } = registration
  const resource = resourceId === undefined ? undefined : await stores.resources.findResource(resourceId as ResourceId)
  const known = { group, resource, secret, optimizerId, tokenHash: tokenHash(token), heartbeatTimeoutMs }
  const decision = registerOptimizer(registration, known, clock.now())
  if (decision.kind === 'refused') return decision
  const { kind } = await stores.state.apply(decision.changes)
  if (kind === 'deposed') throw deposed('the registration')
  // The group was removed meanwhile.
  if (kind === 'lost') return { kind: 'refused', why: 'unknown-group', reason: noSuchGroup(registration.group) }
  return { kind: 'registered', token, optimizerId }
}

async function poll(
  { stores, dispatcher, pollTimeoutMs, clock }: OptimizingServiceDeps,
  { optimizerId, group, threads, state }: Optimizer,
  threadId: number,
  signal: AbortSignal,
): Promise<PollAnswer> {
  // A thread that asks for work has none: an answer to it was lost, or its report of the end was refused.
  for (const task of await stores.tasks.listAssigned({ optimizerId })) {
    if (runningAssignment(task)?.threadId !== threadId) continue
    if (task.state.status === 'scheduled') await outlast(task.state.scheduledAt, clock, signal)
    await stores.state.apply(resetTask(task, 'its thread asked for another task', clock.now()))
  }
  if (state.status !== 'active' || threadId < 0 || threadId >= threads) {
    // Answered at once it would ask again at once, for as long as other threads of it end their tasks.
    await clock.sleep(pollTimeoutMs, signal).catch(() => undefined)
    return { kind: 'nothing' }
  }
  const task = await dispatcher.take({ optimizerId, threadId }, group, pollTimeoutMs, signal)
  return task === undefined ? { kind: 'nothing' } : { kind: 'task', task }
}

/** A thread that asks again and again, and never says what it has been given, would be given a task each time. */
async function outlast(scheduledAt: EpochMs, clock: Clock, signal: AbortSignal): Promise<void> {
  const leftMs = dueTime(later(scheduledAt, UNCONFIRMED_MS), clock.now(), UNCONFIRMED_MS) - clock.now()
  if (leftMs > 0) await clock.sleep(leftMs, signal).catch(() => undefined)
}

const UNCONFIRMED_MS = 1000

async function ack(
  { stores, clock }: OptimizingServiceDeps,
  optimizer: Optimizer,
  report: TaskReport,
): Promise<ReportAnswer> {
  const { answer } = await applyDecision(stores.state, describeTask(report), async () => {
    const task = await stores.tasks.findTask(report.processId, report.taskId)
    if (task === undefined) return { answer: NO_SUCH_TASK, changes: NO_CHANGES }
    const decision = ackTask(task, senderOf(optimizer, report), clock.now())
    return decision.kind === 'accepted'
      ? { answer: ACCEPTED, changes: decision.changes }
      : { answer: refused(decision.why), changes: NO_CHANGES }
  })
  return answer
}

async function complete(
  deps: OptimizingServiceDeps,
  optimizer: Optimizer,
  report: TaskReport & { readonly end: TaskEnd },
): Promise<ReportAnswer> {
  const { stores, clock } = deps
  const judged = await judge(deps, report)
  if (judged === undefined) return NO_SUCH_TASK
  // Who does not name its attempt reports the present one, which may be over by the time it is recorded.
  const sender = senderOf(optimizer, { ...report, attempt: judged.attempt })
  const { answer } = await applyDecision(stores.state, describeTask(report), async () => {
    const task = await stores.tasks.findTask(report.processId, report.taskId)
    const process = await stores.processes.findProcess(report.processId)
    if (task === undefined || process === undefined) return { answer: NO_SUCH_TASK, changes: NO_CHANGES }
    const decision = completeTask(task, process, sender, judged.report, clock.now())
    if (decision.kind === 'stale') return { answer: refused(decision.why), changes: NO_CHANGES }
    return { answer: ACCEPTED, changes: decision.kind === 'accepted' ? decision.changes : NO_CHANGES }
  })
  return answer
}

/** Holds an output against its task: one that does not fit is a failed attempt, whatever its sender says. */
async function judge(
  { stores, maintenance }: OptimizingServiceDeps,
  { processId, taskId, attempt: named, end }: TaskReport & { readonly end: TaskEnd },
): Promise<{ readonly attempt: number | undefined; readonly report: AttemptReport } | undefined> {
  if (end.kind === 'failure') return { attempt: named, report: { kind: 'failed', reason: end.reason } }
  const input = await stores.tasks.findInput(processId, taskId)
  if (input === undefined) return undefined
  const task = named === undefined ? await stores.tasks.findTask(processId, taskId) : undefined
  const attempt = named ?? (task && assignmentOf(task)?.attempt) ?? NO_ATTEMPT
  const check = maintenance.checkOutput(input, { processId, taskId, attempt }, end.payload)
  return {
    attempt,
    report:
      check.kind === 'accepted'
        ? { kind: 'succeeded', payload: end.payload, figures: check.figures }
        : { kind: 'failed', reason: check.reason },
  }
}

async function findUnwanted(
  { stores }: OptimizingServiceDeps,
  optimizer: Optimizer,
  running: readonly TaskReport[],
): Promise<readonly TaskReport[]> {
  const unwanted: TaskReport[] = []
  for (const report of running.slice(0, optimizer.threads)) {
    const task = await stores.tasks.findTask(report.processId, report.taskId)
    if (task === undefined || ownership(task, senderOf(optimizer, report)) !== 'owner') unwanted.push(report)
  }
  return unwanted
}

async function standingOf({ stores }: OptimizingServiceDeps, optimizer: Optimizer): Promise<OptimizerStanding> {
  const { optimizerId, resourceId, state } = optimizer
  if (state.status !== 'draining') return { optimizerId }
  const resource = await stores.resources.findResource(resourceId as ResourceId)
  const goes = resource?.state.status === 'releasing' || resource?.state.status === 'ended' ? resource.state : undefined
  return { optimizerId, drainReason: goes?.reason ?? DRAINED_BY_HAND }
}

/** Who did is not recorded. */
const DRAINED_BY_HAND = 'somebody had it drained (moraine group release --drain)'

async function endWork(
  { stores }: OptimizingServiceDeps,
  token: string,
  decide: (optimizer: Optimizer) => readonly StateChange[],
): Promise<'known' | 'unknown'> {
  const { answer } = await applyDecision(stores.state, 'an optimizer', async () => {
    const optimizer = await findLive(stores, token)
    return optimizer === undefined
      ? { answer: 'unknown' as const, changes: NO_CHANGES }
      : { answer: 'known' as const, changes: decide(optimizer) }
  })
  return answer
}

/** They count from 1. */
const NO_ATTEMPT = 0
const NO_CHANGES: readonly StateChange[] = []
const ACCEPTED: ReportAnswer = { kind: 'accepted' }
const NO_SUCH_TASK: ReportAnswer = { kind: 'refused', why: 'no-such-task' }

function refused(why: StaleReason): ReportAnswer {
  return { kind: 'refused', why }
}

function senderOf({ optimizerId }: Optimizer, { threadId, attempt }: TaskReport): Slot & Pick<TaskReport, 'attempt'> {
  return { optimizerId, threadId, attempt }
}

function describeTask({ processId, taskId }: TaskReport): string {
  return `task ${processId}/${taskId}`
}
