import type { ResourceId } from '@moraine/lifecycle/identity'
import { type EpochMs, later } from '@moraine/stdx/brand'
import { humanDuration } from '@moraine/stdx/human-text'
import type { AllocationFigures, AllocationVerdict } from '../records/group-allocation.ts'
import type { LaunchBackOff } from './allocation-back-off.ts'
import { type AllocationFacts, countAllocation, idleOptimizers } from './allocation-figures.ts'
import { type AllocationMemory, NO_BACKLOG, notAhead } from './allocation-memory.ts'
import type { AllocationSettings } from './allocation-settings.ts'
import { demandText } from './allocation-verdict.ts'

export type AllocationInput = {
  readonly settings: AllocationSettings
  readonly facts: AllocationFacts
  readonly backOff: LaunchBackOff | undefined
  readonly memory: AllocationMemory
  readonly now: EpochMs
}

/** What is ordered now; never both. */
export type AllocationDecision = {
  readonly launch: { readonly optimizers: number; readonly threads: number; readonly reason: string } | undefined
  readonly release: { readonly resourceId: ResourceId; readonly reason: string } | undefined
  readonly memory: AllocationMemory
  readonly verdict: AllocationVerdict
  readonly lookAgainAt: EpochMs
}

/**
 * Whether a group gets more optimizers or gives one away, by Amoro's rules: below its minimum at once; for work that lasts,
 * first one, then ever more; for tables that wait to be planned while every thread is busy, one at a time; and away with
 * the longest idle, one at a time, while there is no such work.
 */
export function decideAllocation(input: AllocationInput): AllocationDecision {
  const figures = countAllocation(input.facts, input.now)
  const memory = rememberPlanning(notAhead(input.memory, input.settings, input.now), figures, input.now)
  const look: Look = { ...input, memory, figures, room: roomFor(input.settings, figures) }
  return belowMinimum(look) ?? forWork(look) ?? withoutWork({ ...look, memory: { ...memory, ...NO_BACKLOG } })
}

type Look = AllocationInput & {
  readonly figures: AllocationFigures
  /** Optimizers that may be launched without going above the maximum, whoever comes late. */
  readonly room: number
}

function belowMinimum(look: Look): AllocationDecision | undefined {
  const { settings, figures, room } = look
  const missing = settings.minThreads - effectiveThreads(figures)
  if (missing <= 0) return undefined
  const { backOff } = look
  if (backOff !== undefined) return backingOff(look, backOff)
  const optimizers = Math.min(Math.ceil(missing / settings.threadsPerOptimizer), room)
  if (optimizers === 0) return ended(look, { rule: 'at-maximum' })
  const reason = `${effectiveThreads(figures)} of at least ${settings.minThreads} threads`
  return launched({ ...look, memory: { ...look.memory, ...NO_BACKLOG } }, optimizers, reason)
}

function forWork(look: Look): AllocationDecision | undefined {
  const { settings, figures, room, now } = look
  const need = Math.max(figures.busyThreads + figures.serviceableTasks - effectiveThreads(figures), 0)
  const isFuture = figures.pendingTables > 0 && figures.busyThreads >= effectiveThreads(figures)
  if (need === 0 && !isFuture) return undefined
  const backlogSince = look.memory.backlogSince ?? now
  const memory = { ...look.memory, backlogSince }
  const waiting = { ...look, memory }
  const until = memory.nextLaunchAt ?? later(backlogSince, settings.backlogTimeoutMs)
  if (room === 0) return ended(waiting, { rule: 'at-maximum', since: backlogSince })
  if (now < until) {
    return ended(waiting, {
      rule: memory.nextLaunchAt === undefined ? 'backlog' : 'next-step',
      since: backlogSince,
      until,
    })
  }
  if (look.backOff !== undefined) return backingOff(waiting, look.backOff)
  const wanted = need > 0 ? Math.ceil(need / settings.threadsPerOptimizer) : 1
  const optimizers = need > 0 ? Math.min(wanted, memory.ramp, room) : 1
  const ramp = need > 0 && wanted > memory.ramp ? Math.min(2 * memory.ramp, settings.maxThreads) : 1
  const nextLaunchAt = later(now, settings.sustainedTimeoutMs)
  const reason = `${demandText(figures)}, for ${humanDuration(now - backlogSince)}`
  return launched({ ...look, memory: { ...memory, ramp, nextLaunchAt } }, optimizers, reason)
}

function withoutWork(look: Look): AllocationDecision {
  const decision = spare(look)
  const since = look.memory.planningBoundSince
  if (decision.release !== undefined || since === undefined) return decision
  // One look may fall into the time that a plan takes.
  return later(since, look.settings.sustainedTimeoutMs) <= look.now
    ? ended(look, { rule: 'planning-bound', since })
    : decision
}

/** Gives the longest idle optimizer away, or says why none. */
function spare(look: Look): AllocationDecision {
  const { settings, figures, memory, now } = look
  const idle = idleOptimizers(look.facts)
  if (idle.length === 0) return ended(look, { rule: 'enough' })
  const first = idle.find(({ threads }) => figures.registeredThreads - threads >= settings.minThreads)
  if (first === undefined) return ended(look, { rule: 'at-minimum' })
  const since = first.idleSince
  const idleUntil = later(since, settings.idleTimeoutMs)
  if (idleUntil > now) return ended(look, { rule: 'not-idle-yet', since, until: idleUntil })
  const coolUntil = memory.releasedAt && later(memory.releasedAt, settings.cooldownMs)
  if (coolUntil !== undefined && coolUntil > now) return ended(look, { rule: 'cooling-down', until: coolUntil })
  const reason = `idle for ${humanDuration(now - since)}`
  return {
    ...ended({ ...look, memory: { ...memory, releasedAt: now } }, { rule: 'releasing', since, ordered: 1, reason }),
    release: { resourceId: first.resource.resourceId, reason: `dynamic allocation: ${reason}` },
  }
}

function launched(look: Look, optimizers: number, reason: string): AllocationDecision {
  const { since, threads } = { since: look.memory.backlogSince, threads: look.settings.threadsPerOptimizer }
  return {
    ...ended(look, { rule: 'launching', ...(since !== undefined && { since }), ordered: optimizers, reason }),
    launch: { optimizers, threads, reason: `dynamic allocation: ${reason}` },
  }
}

function backingOff(look: Look, { failures, reason, until }: LaunchBackOff): AllocationDecision {
  const times = failures === 1 ? '' : `, ${failures} times in a row`
  return ended(look, {
    rule: 'backing-off',
    reason: `the last did not come up${times}: ${reason}`,
    ...(until !== undefined && { until }),
  })
}

/** Without an order. */
function ended(
  { settings, figures, memory, now }: Look,
  verdict: Omit<AllocationVerdict, 'figures' | 'bounds'>,
): AllocationDecision {
  const { minThreads, maxThreads, threadsPerOptimizer } = settings
  const regularly = later(now, settings.sustainedTimeoutMs)
  return {
    launch: undefined,
    release: undefined,
    memory,
    verdict: { ...verdict, figures, bounds: { minThreads, maxThreads, threadsPerOptimizer } },
    lookAgainAt: verdict.until !== undefined && verdict.until < regularly ? verdict.until : regularly,
  }
}

/** Idle threads, nothing planned, and tables that wait to be planned. */
function rememberPlanning(memory: AllocationMemory, figures: AllocationFigures, now: EpochMs): AllocationMemory {
  const { registeredThreads, busyThreads, serviceableTasks, pendingTables } = figures
  const isBound = registeredThreads > busyThreads && serviceableTasks === 0 && pendingTables > 0
  return { ...memory, planningBoundSince: isBound ? (memory.planningBoundSince ?? now) : undefined }
}

function effectiveThreads({ registeredThreads, comingThreads }: AllocationFigures): number {
  return registeredThreads + comingThreads
}

function roomFor({ maxThreads, threadsPerOptimizer }: AllocationSettings, figures: AllocationFigures): number {
  const possible = effectiveThreads(figures) + figures.overdueThreads
  return Math.max(0, Math.floor((maxThreads - possible) / threadsPerOptimizer))
}
