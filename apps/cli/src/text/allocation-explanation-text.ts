import type { GroupAllocationBody } from '@moraine/api/rest/allocation-schemas'
import { counted } from '@moraine/stdx/human-text'
import { momentText } from './moment-text.ts'

/** Why a group has the optimizers that it has, for people; ends with a line feed. */
export function allocationExplanationText(allocation: GroupAllocationBody): string {
  const { group, rule, text, remedy, since, launches, releases, launchedAt, releasedAt, failures } = allocation
  const lines = [
    `${group}: ${rule}${since === null ? '' : ` since ${momentText(since)}`}: ${text}`,
    `what would change it: ${remedy}`,
    ...threadsLines(allocation),
    ...(launches === 0 ? [] : [`launched ${times(launches)}${lastText(launchedAt)}`]),
    ...(releases === 0 ? [] : [`released ${times(releases)}${lastText(releasedAt)}`]),
    ...failures.map(({ resourceId, at, reason }) => `failed at ${momentText(at)}: ${resourceId}: ${reason}`),
  ]
  return `${lines.join('\n')}\n`
}

function threadsLines({ figures, settings }: GroupAllocationBody): readonly string[] {
  if (settings === null) return []
  const { registeredThreads = 0, comingThreads = 0, drainingThreads = 0, busyThreads = 0 } = figures
  const { minThreads = 0, maxThreads = 0, threadsPerOptimizer = 1 } = settings
  return [
    `threads: ${registeredThreads} registered, ${busyThreads} of them busy, ${comingThreads} coming, ${drainingThreads} leaving`,
    `bounds: ${minThreads} to ${counted(maxThreads, 'thread')}, ${threadsPerOptimizer} for each optimizer`,
  ]
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`
}

function lastText(at: number | null): string {
  return at === null ? '' : `, last at ${momentText(at)}`
}
