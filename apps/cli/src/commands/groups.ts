import { isDeepStrictEqual } from 'node:util'
import { type GroupEntry, groupsApi } from '@moraine/client/groups-api'
import { MoraineError } from '@moraine/stdx/error'
import { textTable } from '../text/table-text.ts'
import type { CommandContext } from './command-context.ts'
import { insteadOf } from './instead-of.ts'
import { keyValues } from './key-values.ts'
import { numberOption, THREADS } from './number-option.ts'
import { apiConnection } from './server-access.ts'
import type { RawServerOptions } from './server-options.ts'

export type RawGroupOptions = RawServerOptions & { readonly property?: readonly string[] }

export async function listGroups(raw: RawServerOptions, context: CommandContext): Promise<void> {
  const groups = await groupsApi(apiConnection(raw, context)).list(context.signal)
  if (raw.json === true) return context.printJson(groups)
  const rows = groups.map(({ resourceGroup: { name, container, properties }, occupationCore, occupationMemory }) => [
    name,
    container,
    String(occupationCore),
    String(occupationMemory),
    Object.entries(properties)
      .map(([key, value]) => `${key}=${value}`)
      .join(', '),
  ])
  context.print(`${textTable(['group', 'container', 'threads', 'memory MB', 'properties'], rows)}\n`)
}

export async function createGroup(
  name: string,
  raw: RawGroupOptions & { readonly container: string },
  context: CommandContext,
): Promise<void> {
  const properties = await propertiesOf(raw, context)
  const taken = `resource group ${name} already exists; \`moraine group set ${name}\` changes it, or choose another name`
  await groupsApi(apiConnection(raw, context))
    .create({ name, container: raw.container, properties }, context.signal)
    .catch(insteadOf('already-exists', taken))
  say(name, 'created', raw, context)
}

/** What is not named stays. */
export async function setGroup(
  name: string,
  raw: RawGroupOptions & { readonly unset?: readonly string[] },
  context: CommandContext,
): Promise<void> {
  const set = await propertiesOf(raw, context)
  const api = groupsApi(apiConnection(raw, context))
  const { container, properties } = findGroup(name, await api.list(context.signal))
  const kept = Object.entries(properties).filter(([key]) => raw.unset?.includes(key) !== true)
  const wanted = { ...Object.fromEntries(kept), ...set }
  if (isDeepStrictEqual(wanted, properties)) return say(name, 'unchanged', raw, context)
  await api.change({ name, container, properties: wanted }, context.signal)
  say(name, 'changed', raw, context)
}

export async function dropGroup(name: string, raw: RawServerOptions, context: CommandContext): Promise<void> {
  await groupsApi(apiConnection(raw, context)).remove(name, context.signal)
  say(name, 'dropped', raw, context)
}

/** With the group's secret, which is not to be shown to others. */
export async function printCommand(
  name: string,
  raw: RawServerOptions & { readonly threads: string },
  context: CommandContext,
): Promise<void> {
  const threads = numberOption('--threads', raw.threads, THREADS)
  const { url, groupSecret } = await groupsApi(apiConnection(raw, context)).registration(name, context.signal)
  const command = ['moraine', 'optimizer', '--url', url, '--group', name, '--threads', String(threads)]
  const environment = groupSecret === null ? {} : { MORAINE_GROUP_SECRET: groupSecret }
  if (raw.json === true) return context.printJson({ command, environment })
  const variables = Object.entries(environment).map(([key, value]) => `${key}=${value}`)
  context.print(`${[...variables, ...command].join(' ')}\n`)
}

function findGroup(name: string, groups: readonly GroupEntry[]): GroupEntry['resourceGroup'] {
  const found = groups.find(({ resourceGroup }) => resourceGroup.name === name)
  if (found !== undefined) return found.resourceGroup
  throw new MoraineError('not-found', `there is no resource group ${name}; \`moraine group list\` lists them`)
}

async function propertiesOf({ property = [] }: RawGroupOptions, { sources }: CommandContext) {
  return keyValues({ name: '--property', example: 'scheduling-policy=balanced' }, property, sources)
}

type Outcome = 'created' | 'changed' | 'unchanged' | 'dropped'

function say(group: string, outcome: Outcome, { json }: RawServerOptions, context: CommandContext): void {
  if (json === true) context.printJson({ group, outcome })
  else context.print(`group ${group} is ${outcome === 'unchanged' ? 'as it was' : outcome}\n`)
}
