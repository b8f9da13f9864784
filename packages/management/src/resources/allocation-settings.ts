import { DURATION_FORM, parseDurationText } from '@moraine/stdx/duration-text'
import { describeError } from '@moraine/stdx/error'
import { humanDuration } from '@moraine/stdx/human-text'
import type { AllocationBounds } from '../records/group-allocation.ts'
import type { ResourceGroup } from '../records/resource-group.ts'
import { threadMemoryMb } from './thread-memory.ts'

/** Within which bounds, and how fast, the optimizers of a group follow its work. */
export type AllocationSettings = AllocationBounds & {
  readonly backlogTimeoutMs: number
  readonly sustainedTimeoutMs: number
  readonly idleTimeoutMs: number
  readonly cooldownMs: number
  readonly drainTimeoutMs: number
}

export type Allocation =
  | { readonly kind: 'off' }
  /** Switched on, but set so that it cannot work: as if it were off. */
  | { readonly kind: 'invalid'; readonly reason: string }
  | { readonly kind: 'on'; readonly settings: AllocationSettings }

export type AllocationProperty = {
  readonly key: string
  /** As it would be written; `undefined` if it must be set. */
  readonly defaultText: string | undefined
  readonly meaning: string
}

const PREFIX = 'dynamic-allocation.'

/** Amoro's names and defaults. */
export const ALLOCATION_PROPERTIES = {
  enabled: {
    key: `${PREFIX}enabled`,
    defaultText: 'false',
    meaning: 'whether optimizers are launched and released as the work of the group asks for',
  },
  minThreads: {
    key: `${PREFIX}min-parallelism`,
    defaultText: '0',
    meaning: 'threads that are kept without work, too; if it is not set, `min-parallelism` counts',
  },
  maxThreads: {
    key: `${PREFIX}max-parallelism`,
    defaultText: undefined,
    meaning: 'threads that are never exceeded, at most 1024',
  },
  threadsPerOptimizer: {
    key: `${PREFIX}executor-parallelism`,
    defaultText: '1',
    meaning: 'threads of each optimizer that is launched',
  },
  backlogTimeoutMs: {
    key: `${PREFIX}scheduler-backlog-timeout`,
    defaultText: '1min',
    meaning: 'for how long there must be more work than threads before the first optimizer is launched',
  },
  sustainedTimeoutMs: {
    key: `${PREFIX}sustained-backlog-timeout`,
    defaultText: '30s',
    meaning: 'the time between further launches, and how often the group is looked at',
  },
  idleTimeoutMs: {
    key: `${PREFIX}executor-idle-timeout`,
    defaultText: '5min',
    meaning: 'for how long an optimizer must have had no task before it is released',
  },
  cooldownMs: {
    key: `${PREFIX}scale-down-cooldown`,
    defaultText: '1min',
    meaning: 'the time between releases, each of one optimizer',
  },
  drainTimeoutMs: {
    key: `${PREFIX}drain-timeout`,
    defaultText: '15min',
    meaning: 'for how long an optimizer that is released may end its tasks; then they go to others',
  },
} as const satisfies Record<'enabled' | keyof AllocationSettings, AllocationProperty>

/** Amoro's older name of the minimum, which counts without dynamic allocation, too. */
export const MIN_PARALLELISM = 'min-parallelism'

/** The container whose optimizers are started by hand. */
const EXTERNAL_CONTAINER = 'external'

const MAX_THREADS = 1024
const IDLE_LEAST_MS = 30_000

type Properties = ResourceGroup['properties']
type ThreadsKey = 'minThreads' | 'maxThreads' | 'threadsPerOptimizer'
type DurationKey = Exclude<keyof AllocationSettings, ThreadsKey>

export function readAllocation(group: ResourceGroup): Allocation {
  const enabled = readEnabled(group.properties)
  if (enabled.value === false) return { kind: 'off' }
  const reason = enabled.problem ?? unreadable(group.properties)
  if (reason !== undefined) return { kind: 'invalid', reason }
  const settings = readSettings(group.properties)
  const broken = brokenRule(settings, group) ?? memoryProblem(group)
  return broken === undefined ? { kind: 'on', settings } : { kind: 'invalid', reason: broken }
}

/** Why these properties must not be set: a value that cannot be read also where allocation is off, a name that is none. */
export function allocationProblem(group: ResourceGroup): string | undefined {
  const known = Object.values(ALLOCATION_PROPERTIES).map(({ key }): string => key)
  const unknown = Object.keys(group.properties).find((key) => key.startsWith(PREFIX) && !known.includes(key))
  if (unknown !== undefined) return `there is no ${unknown}; there are ${known.join(', ')}`
  const { value, problem } = readEnabled(group.properties)
  if (problem !== undefined || value === false) return problem ?? unreadable(group.properties)
  const allocation = readAllocation(group)
  return allocation.kind === 'invalid' ? allocation.reason : undefined
}

function readEnabled(properties: Properties): { readonly value?: boolean; readonly problem?: string } {
  const { key, defaultText } = ALLOCATION_PROPERTIES.enabled
  const text = properties[key] ?? defaultText
  const word = text.trim().toLowerCase()
  return word === 'true' || word === 'false'
    ? { value: word === 'true' }
    : { problem: `${key} is '${text}': it must be true or false` }
}

const THREADS: readonly (readonly [ThreadsKey, number])[] = [
  ['minThreads', 0],
  ['maxThreads', 1],
  ['threadsPerOptimizer', 1],
]
const DURATIONS = [
  'backlogTimeoutMs',
  'sustainedTimeoutMs',
  'idleTimeoutMs',
  'cooldownMs',
  'drainTimeoutMs',
] as const satisfies readonly DurationKey[]

/** The first value that is none. */
function unreadable(properties: Properties): string | undefined {
  for (const [name, least] of THREADS) {
    const { key, text } = written(properties, name)
    if (text !== undefined && (wholeNumber(text) ?? -1) < least) {
      return `${key} is '${text}': it must be a whole number from ${least} on`
    }
  }
  for (const name of DURATIONS) {
    const { key, text } = written(properties, name)
    if (text !== undefined && (parseDurationText(text) ?? 0) <= 0) {
      return `${key} is '${text}': it must be ${DURATION_FORM}, above 0`
    }
  }
  return undefined
}

/** Of values that can be read. */
function readSettings(properties: Properties): AllocationSettings {
  const threads = (name: ThreadsKey) => wholeNumber(written(properties, name).text ?? '') ?? 0
  const ms = (name: DurationKey) => parseDurationText(written(properties, name).text ?? '') ?? 0
  return {
    minThreads: threads('minThreads'),
    maxThreads: threads('maxThreads'),
    threadsPerOptimizer: threads('threadsPerOptimizer'),
    backlogTimeoutMs: ms('backlogTimeoutMs'),
    sustainedTimeoutMs: ms('sustainedTimeoutMs'),
    idleTimeoutMs: ms('idleTimeoutMs'),
    cooldownMs: ms('cooldownMs'),
    drainTimeoutMs: ms('drainTimeoutMs'),
  }
}

/** What must hold between the values. */
function brokenRule(
  { minThreads, maxThreads, threadsPerOptimizer, ...times }: AllocationSettings,
  { container, properties }: ResourceGroup,
): string | undefined {
  const { minThreads: min, maxThreads: max, threadsPerOptimizer: each } = ALLOCATION_PROPERTIES
  if (container === EXTERNAL_CONTAINER) {
    return `container '${container}' launches no optimizers: dynamic allocation needs one that does, such as local`
  }
  if (properties[max.key] === undefined) return `${max.key} must be set, to at most ${MAX_THREADS}`
  if (maxThreads > MAX_THREADS) return `${max.key} is ${maxThreads}: it must be at most ${MAX_THREADS}`
  if (minThreads > maxThreads) return `${min.key} is ${minThreads}: it must be at most ${max.key}, ${maxThreads}`
  if (threadsPerOptimizer > maxThreads) {
    return `${each.key} is ${threadsPerOptimizer}: it must be at most ${max.key}, ${maxThreads}`
  }
  const least = Math.ceil(minThreads / threadsPerOptimizer) * threadsPerOptimizer
  if (least > maxThreads) {
    return `${min.key} ${minThreads} takes ${least} threads in optimizers of ${threadsPerOptimizer} (${each.key}), more than ${max.key} ${maxThreads}`
  }
  const leastIdleMs = Math.max(IDLE_LEAST_MS, 2 * times.sustainedTimeoutMs)
  if (times.idleTimeoutMs >= leastIdleMs) return undefined
  const { idleTimeoutMs: idle, sustainedTimeoutMs: sustained } = ALLOCATION_PROPERTIES
  return `${idle.key} is ${humanDuration(times.idleTimeoutMs)}: it must be at least ${humanDuration(IDLE_LEAST_MS)} and twice ${sustained.key}, ${humanDuration(leastIdleMs)}`
}

/** Nothing can be launched with it. */
function memoryProblem(group: ResourceGroup): string | undefined {
  try {
    threadMemoryMb(group)
    return undefined
  } catch (error) {
    return describeError(error)
  }
}

/** `key` is where the text stands. */
function written(
  properties: Properties,
  name: ThreadsKey | DurationKey,
): { readonly key: string; readonly text?: string } {
  const { key, defaultText } = ALLOCATION_PROPERTIES[name]
  const own = properties[key]
  if (own !== undefined) return { key, text: own }
  const old = name === 'minThreads' ? properties[MIN_PARALLELISM] : undefined
  if (old !== undefined) return { key: MIN_PARALLELISM, text: old }
  return { key, ...(defaultText !== undefined && { text: defaultText }) }
}

function wholeNumber(text: string): number | undefined {
  return /^\s*\d{1,9}\s*$/.test(text) ? Number(text) : undefined
}
