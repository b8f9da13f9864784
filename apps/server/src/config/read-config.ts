import { readFile } from 'node:fs/promises'
import { MoraineError } from '@moraine/stdx/error'
import { nearestKey } from '@moraine/stdx/nearest-key'
import { localError } from '@moraine/storage/local-error'
import { parse } from 'yaml'
import { BUILT_IN_CONTAINERS, type ContainerConfig, parseContainers } from './container-config.ts'
import type { Setting } from './setting.ts'
import { KEYS_WITHOUT_EFFECT, SETTINGS } from './settings.ts'

export type ConfigValues = {
  readonly [Name in keyof typeof SETTINGS]: (typeof SETTINGS)[Name] extends Setting<infer T> ? T : never
}

export type Config = {
  readonly values: ConfigValues
  readonly containers: readonly ContainerConfig[]
  /** Keys that were set to no effect, each with what to do about it. */
  readonly warnings: readonly string[]
}

/**
 * The settings of the service: defaults, then `config.yaml` (the tree below `ams:`, as Amoro writes it), then variables
 * of the environment; and the containers, which stand in the file beside `ams:`. `AMS_HTTP__SERVER_BIND__PORT` and `MORAINE_HTTP__SERVER_BIND__PORT` are `http-server.bind-port`;
 * the latter wins.
 *
 * @throws {MoraineError} `invalid-input` naming the file or variable and what is wrong with it; `not-found` or
 *   `permission` if the file cannot be read
 */
export async function readConfig(
  file: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Config> {
  const { entries, containers, warnings } = file === undefined ? NO_FILE : await readConfigFile(file)
  const resolved = resolveConfig(new Map([...entries, ...environmentEntries(environment)]))
  return { ...resolved, containers, warnings: [...warnings, ...resolved.warnings] }
}

type ConfigFile = Pick<Config, 'containers' | 'warnings'> & { readonly entries: ReadonlyMap<string, Entry> }

const NO_FILE: ConfigFile = { entries: new Map(), containers: BUILT_IN_CONTAINERS, warnings: [] }

/** A value as it was written, and where. */
export type Entry = { readonly text: string; readonly source: string }

export function resolveConfig(entries: ReadonlyMap<string, Entry>): Omit<Config, 'containers'> {
  const values = Object.fromEntries(
    Object.entries<Setting<unknown>>(SETTINGS).map(([name, setting]) => [name, settingValue(setting, entries)]),
  ) as ConfigValues
  return { values, warnings: [...entries].flatMap(([key, { source }]) => warningsFor(key, source)) }
}

function settingValue(setting: Setting<unknown>, entries: ReadonlyMap<string, Entry>): unknown {
  const written = entries.get(setting.key) ?? oldSpelling(setting, entries)
  if (written === undefined) return setting.parse(setting.defaultText)
  try {
    return setting.parse(written.text)
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    throw new MoraineError('invalid-input', `${written.source}: ${message}`, { cause })
  }
}

function oldSpelling({ oldKeys }: Setting<unknown>, entries: ReadonlyMap<string, Entry>): Entry | undefined {
  for (const { key, unitMs } of oldKeys ?? []) {
    const entry = entries.get(key)
    if (entry === undefined) continue
    return unitMs === undefined ? entry : { ...entry, text: String(Number(entry.text) * unitMs) }
  }
  return undefined
}

const KNOWN_KEYS = Object.values<Setting<unknown>>(SETTINGS).flatMap(({ key, oldKeys }) => [
  key,
  ...(oldKeys ?? []).map((old) => old.key),
])

function warningsFor(key: string, source: string): readonly string[] {
  if (KNOWN_KEYS.includes(key)) return []
  if (KEYS_WITHOUT_EFFECT.includes(key)) return [`${source}: ${key} has no effect in this version`]
  const near = nearestKey(key, [...KNOWN_KEYS, ...KEYS_WITHOUT_EFFECT])
  return [`${source}: ${key} is unknown${near === undefined ? '' : `; is ${near} meant?`}`]
}

async function readConfigFile(file: string): Promise<ConfigFile> {
  const tree = parseTree(await readText(file), file)
  const settings = tree['ams'] ?? {}
  if (isTree(settings) && 'containers' in settings) throw new MoraineError('invalid-input', containersBelow(file))
  const entries = new Map<string, Entry>()
  for (const [key, text] of flatten(settings, file)) entries.set(key, { text, source: file })
  const warnings = Object.keys(tree).flatMap((key) => (ROOMS.includes(key) ? [] : [strayWarning(key, file)]))
  return { entries, containers: parseContainers(tree['containers'], file), warnings }
}

/** What stands at the top of the file. */
const ROOMS = ['ams', 'containers']

function strayWarning(key: string, file: string): string {
  const isSetting = KNOWN_KEYS.some((known) => known === key || known.startsWith(`${key}.`))
  if (isSetting) return `${file}: ${key} stands beside 'ams:' and has no effect; it belongs below it`
  const near = nearestKey(key, ROOMS)
  return `${file}: ${key} is unknown${near === undefined ? '' : `; is ${near} meant?`}`
}

function containersBelow(file: string): string {
  return `configuration ${file}: 'containers:' stands below 'ams:'; it belongs beside it, at the top of the file`
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw localError(cause, `reading the configuration ${file}`)
  }
}

function parseTree(text: string, file: string): Readonly<Record<string, unknown>> {
  try {
    const tree: unknown = parse(text)
    if (tree === null || tree === undefined) return {}
    if (isTree(tree)) return tree
  } catch (cause) {
    throw new MoraineError('invalid-input', `configuration ${file} is not valid YAML`, { cause })
  }
  throw new MoraineError('invalid-input', `configuration ${file} must be a tree of keys with 'ams:' at its top`)
}

/** `a: {b: {c: 1}}` is `a.b.c`; a key may also be written with its dots. */
function flatten(value: unknown, file: string, prefix = ''): readonly (readonly [string, string])[] {
  if (isTree(value)) {
    return Object.entries(value).flatMap(([key, below]) =>
      flatten(below, file, prefix === '' ? key : `${prefix}.${key}`),
    )
  }
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    return [[prefix, String(value)]]
  }
  if (value === null) return [[prefix, '']]
  throw new MoraineError('invalid-input', `configuration ${file}: ams.${prefix} must be a single value`)
}

function isTree(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Variables that are no settings: they tell a process who it is, or a secret. */
const OTHER_VARIABLES: ReadonlySet<string> = new Set([
  'MORAINE_RESOURCE_ID',
  'MORAINE_GROUP_SECRET',
  'MORAINE_LOG_LEVEL',
  'MORAINE_CATALOG_TOKEN',
  'MORAINE_SECRET_KEY',
  'MORAINE_SERVER',
  'MORAINE_TOKEN',
  'MORAINE_CREDENTIAL',
])

function environmentEntries(environment: Readonly<Record<string, string | undefined>>): readonly [string, Entry][] {
  return ['AMS_', 'MORAINE_'].flatMap((prefix) =>
    Object.entries(environment).flatMap(([name, text]): [string, Entry][] => {
      if (!name.startsWith(prefix) || text === undefined || OTHER_VARIABLES.has(name)) return []
      const key = name.slice(prefix.length).toLowerCase().replaceAll('__', '-').replaceAll('_', '.')
      return [[key, { text, source: `variable ${name}` }]]
    }),
  )
}
