import { MoraineError } from '@moraine/stdx/error'
import { formatExactJson } from '@moraine/stdx/exact-json'
import { parseLevels } from '../table/table-ref.ts'
import { formatName } from '../text/name-text.ts'
import { printList } from '../text/print-list.ts'
import { textTable } from '../text/table-text.ts'
import type { RawTableOptions } from './catalog-options.ts'
import type { CommandContext } from './command-context.ts'
import { keyValues } from './key-values.ts'
import { openedCatalog } from './opened-catalog.ts'

export type RawNamespaceOptions = RawTableOptions & {
  readonly property?: readonly string[]
  readonly unset?: readonly string[]
}

const READS = { creates: false }

/** Those right below the parent, or below none. */
export async function listNamespaces(
  parent: string | undefined,
  raw: RawTableOptions,
  context: CommandContext,
): Promise<void> {
  const levels = parent === undefined ? [] : parseNamespace(parent)
  const catalog = await openedCatalog(raw, READS, context)
  await printList(
    (page) => catalog.listNamespaces(levels, page, context.signal),
    { json: raw.json === true, toJson: (namespace) => namespace, toText: formatName },
    { print: context.print, formatJson: formatExactJson },
  )
}

export async function loadNamespace(name: string, raw: RawTableOptions, context: CommandContext): Promise<void> {
  const namespace = parseNamespace(name)
  const catalog = await openedCatalog(raw, READS, context)
  const properties = await catalog.loadNamespace(namespace, context.signal)
  if (raw.json === true) return context.printJson({ namespace, properties })
  const rows = Object.entries(properties)
  context.print(
    rows.length === 0 ? `${formatName(namespace)} has no properties\n` : `${textTable(['property', 'value'], rows)}\n`,
  )
}

export async function createNamespace(name: string, raw: RawNamespaceOptions, context: CommandContext): Promise<void> {
  const namespace = parseNamespace(name)
  const properties = await propertiesOf(raw, context)
  const catalog = await openedCatalog(raw, { creates: true }, context)
  await catalog.createNamespace(namespace, properties, context.signal)
  say(namespace, 'created', raw, context)
}

/** Refused while the namespace holds anything. */
export async function dropNamespace(name: string, raw: RawTableOptions, context: CommandContext): Promise<void> {
  const namespace = parseNamespace(name)
  const catalog = await openedCatalog(raw, READS, context)
  await catalog.dropNamespace(namespace, context.signal)
  say(namespace, 'dropped', raw, context)
}

/** Sets and removes properties; of those to be removed that were not there it is said. */
export async function setNamespace(name: string, raw: RawNamespaceOptions, context: CommandContext): Promise<void> {
  const namespace = parseNamespace(name)
  const [set, remove] = [await propertiesOf(raw, context), [...new Set(raw.unset ?? [])]]
  const both = remove.find((key) => Object.hasOwn(set, key))
  if (both !== undefined) throw new MoraineError('invalid-input', `${both} is to be set and to be unset; leave out one`)
  if (remove.length === 0 && Object.keys(set).length === 0) {
    throw new MoraineError('invalid-input', 'nothing is to be set; use --property key=value or --unset key')
  }
  const catalog = await openedCatalog(raw, READS, context)
  const missing = await catalog.updateNamespace(namespace, { set, remove }, context.signal)
  for (const key of missing) context.note(`${formatName(namespace)} had no property ${key}`)
  say(namespace, 'changed', raw, context)
}

function parseNamespace(text: string): readonly string[] {
  return parseLevels(text, 'namespace')
}

function propertiesOf({ property = [] }: RawNamespaceOptions, { sources }: CommandContext) {
  return keyValues({ name: '--property', example: 'owner=sales' }, property, sources)
}

function say(namespace: readonly string[], outcome: string, { json }: RawTableOptions, context: CommandContext): void {
  if (json === true) context.printJson({ namespace, outcome })
  else context.print(`namespace ${formatName(namespace)} is ${outcome}\n`)
}
