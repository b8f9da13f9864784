import { unreachable } from '@moraine/stdx/assert'
import type { EpochMs } from '@moraine/stdx/brand'
import { counted, humanDuration } from '@moraine/stdx/human-text'
import type { AllocationFigures, AllocationVerdict } from '../records/group-allocation.ts'
import { ALLOCATION_PROPERTIES } from './allocation-settings.ts'

/** One sentence for a person, with the figures. */
export function allocationText(verdict: AllocationVerdict, now: EpochMs): string {
  const { figures, bounds, ordered = 0, reason = '' } = verdict
  const { min, max, each } = {
    min: ofThreads(bounds.minThreads),
    max: ofThreads(bounds.maxThreads),
    each: ofThreads(bounds.threadsPerOptimizer),
  }
  const minimum = ALLOCATION_PROPERTIES.minThreads.key
  const maximum = ALLOCATION_PROPERTIES.maxThreads.key
  switch (verdict.rule) {
    case 'launching':
      return `launches ${counted(ordered, 'optimizer')} of ${each}: ${reason}`
    case 'releasing':
      return `releases an optimizer: ${reason}`
    case 'backlog':
      return `${demandText(figures)}: backlog ${span(verdict, now)}`
    case 'next-step':
      return `${demandText(figures)}; the next optimizers are launched ${inTime(verdict.until, now)} if that stays so`
    case 'at-maximum':
      return `${demandText(figures)}, but the group is at its maximum of ${max} (${maximum})${occupiedText(figures)}`
    case 'backing-off':
      return `more optimizers are wanted, but ${reason}; ${verdict.until === undefined ? 'its container is asked again' : `more are launched ${inTime(verdict.until, now)}`}`
    case 'planning-bound':
      return `${ofThreads(figures.registeredThreads - figures.busyThreads)} idle and nothing planned, but ${counted(figures.pendingTables, 'table')} wait to be planned: more threads would not help (optimizer.max-planning-parallelism)`
    case 'at-minimum':
      return `${counted(figures.idleOptimizers, 'idle optimizer')}, kept for the minimum of ${min} (${minimum})`
    case 'not-idle-yet':
      return `no optimizer idle long enough: the longest ${span(verdict, now)} (${ALLOCATION_PROPERTIES.idleTimeoutMs.key})`
    case 'cooling-down':
      return `${counted(figures.idleOptimizers, 'idle optimizer')}; the next is released ${inTime(verdict.until, now)} (${ALLOCATION_PROPERTIES.cooldownMs.key})`
    case 'enough':
      return enoughText(figures)
    default:
      return unreachable(verdict.rule)
  }
}

/** What there is to do, against whom there is to do it. */
export function demandText(figures: AllocationFigures): string {
  const { registeredThreads, comingThreads, busyThreads, serviceableTasks, pendingTables } = figures
  const waiting = [
    ...(busyThreads > 0 ? [`${counted(busyThreads, 'task')} running`] : []),
    ...(serviceableTasks > 0 ? [`${serviceableTasks} waiting`] : []),
    ...(serviceableTasks === 0 && pendingTables > 0 ? [`${counted(pendingTables, 'table')} to be planned`] : []),
  ].join(' and ')
  const coming = comingThreads > 0 ? `, ${comingThreads} coming` : ''
  return `${waiting || 'no task'} for ${ofThreads(registeredThreads)}${coming}`
}

function enoughText(figures: AllocationFigures): string {
  const { registeredThreads, comingThreads, busyThreads } = figures
  if (registeredThreads + comingThreads === 0) return 'no work, and no optimizers'
  const coming = comingThreads > 0 ? `, ${comingThreads} coming` : ''
  return `${busyThreads} of ${ofThreads(registeredThreads)} busy${coming}: enough for the work there is`
}

function occupiedText({ overdueThreads }: AllocationFigures): string {
  return overdueThreads === 0 ? '' : `; ${overdueThreads} of them have not come up yet`
}

/** `for 12 s of 30 s` */
function span({ since, until }: AllocationVerdict, now: EpochMs): string {
  if (since === undefined) return ''
  const gone = Math.max(0, now - since)
  return until === undefined
    ? `for ${humanDuration(gone)}`
    : `for ${humanDuration(gone)} of ${humanDuration(until - since)}`
}

function inTime(until: EpochMs | undefined, now: EpochMs): string {
  return until !== undefined && until > now ? `in ${humanDuration(until - now)}` : 'now'
}

function ofThreads(threads: number): string {
  return counted(threads, 'thread')
}
