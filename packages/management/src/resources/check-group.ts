import type { EpochMs } from '@moraine/stdx/brand'
import { MoraineError } from '@moraine/stdx/error'
import { nearestKey } from '@moraine/stdx/nearest-key'
import type { ResourceGroup } from '../records/resource-group.ts'
import { GROUP_PAUSED } from '../schedule/hold.ts'
import { neverOpens, parseSchedule } from '../schedule/opening.ts'
import { allocationProblem } from './allocation-settings.ts'
import { GROUP_PROPERTIES } from './group-properties.ts'
import { minimumProblem } from './keep-minimum.ts'
import { threadMemoryMb } from './thread-memory.ts'

const NAME = /^[A-Za-z0-9_-]{1,50}$/

/** What the properties that Moraine knows may be; others are the container's. */
const WORDS: ReadonlyMap<string, readonly string[]> = new Map([
  ['scheduling-policy', ['quota', 'balanced']],
  [GROUP_PAUSED, ['true', 'false']],
])
const KNOWN = GROUP_PROPERTIES.map(({ key }) => key)
/** Names of containers' properties are further away than that. */
const LETTERS_WRONG = 2
const POSITIVE = ['max-input-file-size-per-thread']

/**
 * @throws {MoraineError} `invalid-input` naming the name, or the first property, that cannot be
 */
export function checkGroup(group: ResourceGroup, now: EpochMs): void {
  const { name, container, properties } = group
  if (!NAME.test(name)) {
    throw new MoraineError('invalid-input', `resource group '${name}': its name must match ${NAME.source}`)
  }
  if (name === ALL_GROUPS) {
    throw new MoraineError('invalid-input', `resource group '${name}': this word means all groups; name it otherwise`)
  }
  const wrong = (key: string, wanted: string) =>
    new MoraineError('invalid-input', `resource group ${name}: ${key} is '${properties[key]}': it must be ${wanted}`)
  if (container.trim() === '') throw new MoraineError('invalid-input', `resource group ${name}: it names no container`)
  if (properties['container'] !== undefined) throw containerIsNone(name)
  for (const [key, words] of WORDS) {
    const value = properties[key]
    if (value !== undefined && !words.includes(value)) throw wrong(key, words.join(' or '))
  }
  for (const key of POSITIVE) {
    const value = properties[key]
    if (value !== undefined && !(Number(value) > 0)) throw wrong(key, 'a number above 0')
  }
  for (const key of Object.keys(properties)) {
    const meant = KNOWN.includes(key) ? undefined : nearestKey(key, KNOWN, LETTERS_WRONG)
    if (meant === undefined) continue
    throw new MoraineError('invalid-input', `resource group ${name}: property ${key} is unknown; ${meant} is meant`)
  }
  const { windows = '', blackouts = '' } = properties
  if (neverOpens(parseSchedule(windows, blackouts), now)) throw neverWorks(group)
  threadMemoryMb(group)
  const problem = minimumProblem(group) ?? allocationProblem(group)
  if (problem !== undefined) throw new MoraineError('invalid-input', `resource group ${name}: ${problem}`)
}

function containerIsNone(name: string): MoraineError {
  return new MoraineError(
    'invalid-input',
    `resource group ${name}: container is no property, it is what launches the optimizers: \`moraine group create --container\` chooses it, or in a request the field container beside properties`,
  )
}

function neverWorks({ name, properties }: ResourceGroup): MoraineError {
  const written = ['windows', 'blackouts'].filter((key) => properties[key] !== undefined)
  const what = written.map((key) => `${key} '${properties[key]}'`).join(' and ')
  return new MoraineError(
    'invalid-input',
    `resource group ${name}: ${what} ${written.length === 1 ? 'leaves' : 'leave'} no time to work in, ever; write windows that begin, and blackouts that end, or set paused to true`,
  )
}

/** In the paths of Amoro's API. */
export const ALL_GROUPS = 'all'
