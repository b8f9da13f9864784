import type { Optimizer } from '../records/optimizer.ts'
import type { Resource } from '../records/resource.ts'
import type { ResourceGroup } from '../records/resource-group.ts'
import type { LaunchBackOff } from './allocation-back-off.ts'
import { MIN_PARALLELISM } from './allocation-settings.ts'

const NUMBER = /^\s*\d{1,4}\s*$/

/** What a group has, and is about to have. */
export type GroupThreads = {
  /** To be kept, see {@link minimumThreads}. */
  readonly least: number
  /** Of the group, those not ended. */
  readonly resources: readonly Resource[]
  /** Of the group, those not gone. */
  readonly optimizers: readonly Optimizer[]
}

/** The threads that are missing, and why; `undefined` while nothing is to be launched. */
export type MinimumDecision = { readonly threads: number; readonly reason: string } | undefined

/**
 * Requests what is missing below `min-parallelism`, those that come included. What is configured is never lowered.
 *
 * @param backOff why nothing is launched for now; `undefined` if nothing keeps from it
 */
export function keepMinimum(group: GroupThreads, backOff: LaunchBackOff | undefined): MinimumDecision {
  const missing = missingThreads(group)
  if (missing <= 0 || backOff !== undefined) return undefined
  const { least } = group
  return { threads: missing, reason: `${least - missing} of at least ${least} threads (${MIN_PARALLELISM})` }
}

/** How far the group is below its minimum; not above 0 where it is not. */
export function missingThreads({ least, resources, optimizers }: GroupThreads): number {
  const present = new Set(optimizers.map(({ resourceId }) => resourceId))
  const coming = resources.filter(
    ({ resourceId, state }) =>
      (state.status === 'requested' || state.status === 'launched') && !present.has(resourceId),
  )
  const registered = optimizers.filter(({ state }) => state.status === 'active')
  return least - sumThreads(registered) - sumThreads(coming)
}

/** What is to be kept in a group; `otherwise` if it does not say, or not in words that can be read. */
export function minimumThreads(group: ResourceGroup, otherwise: number): number {
  const text = group.properties[MIN_PARALLELISM]
  return text === undefined || minimumProblem(group) !== undefined ? otherwise : Number(text)
}

/** What a group says of its minimum that is none. */
export function minimumProblem({ properties }: ResourceGroup): string | undefined {
  const text = properties[MIN_PARALLELISM]
  if (text === undefined || (NUMBER.test(text) && Number(text) <= MINIMUM_MOST)) return undefined
  return `${MIN_PARALLELISM} is '${text}': it must be a whole number of threads from 0 to ${MINIMUM_MOST}`
}

const MINIMUM_MOST = 1024

function sumThreads(some: readonly { readonly threads: number }[]): number {
  return some.reduce((sum, { threads }) => sum + threads, 0)
}
