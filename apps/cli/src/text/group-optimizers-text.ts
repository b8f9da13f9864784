import type { OptimizerEntry, ResourceEntry } from '@moraine/client/group-optimizers-api'
import { momentText } from './moment-text.ts'
import { textTable } from './table-text.ts'

/** What is registered in a group, and what was asked for, the failures with their reasons. */
export function groupOptimizersText(
  group: string,
  optimizers: readonly OptimizerEntry[],
  resources: readonly ResourceEntry[],
): string {
  return `${registeredText(group, optimizers)}\n${requestedText(resources)}`
}

function registeredText(group: string, optimizers: readonly OptimizerEntry[]): string {
  if (optimizers.length === 0) return `no optimizer is registered in group ${group}\n`
  const rows = optimizers.map(({ token, coreNumber, runningTasks, jobStatus, container, startTime }) => [
    token,
    coreNumber,
    runningTasks,
    jobStatus.toLowerCase(),
    container === '' ? 'by hand' : container,
    momentText(startTime),
  ])
  return `${textTable(['optimizer', 'threads', 'tasks', 'status', 'container', 'since'], rows)}\n`
}

function requestedText(resources: readonly ResourceEntry[]): string {
  if (resources.length === 0) return 'none was asked of a container\n'
  const rows = resources.map((resource) => [
    resource.resourceId,
    resource.threads,
    resource.container,
    resource.status,
    momentText(resource.endedAt ?? resource.launchedAt ?? resource.requestedAt),
    becauseOf(resource),
  ])
  return `${textTable(['resource', 'threads', 'container', 'status', 'since', 'why'], rows)}\n`
}

function becauseOf({ requestReason, endReason, isFailure, attempts, failure }: ResourceEntry): string {
  const why = endReason === null ? requestReason : `${isFailure ? 'failed: ' : ''}${endReason}`
  return failure === null ? why : `${why}; failed ${attempts} times so far: ${failure}`
}
