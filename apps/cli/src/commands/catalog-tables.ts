import type { TableIdentifier } from '@moraine/catalogs/table-identifier'
import { exitCodeOf } from '@moraine/client/exit-code'
import { formatTableMetadata } from '@moraine/iceberg/metadata/table-metadata-json'
import { MoraineError } from '@moraine/stdx/error'
import { formatExactJson } from '@moraine/stdx/exact-json'
import { absoluteLocation } from '../table/absolute-location.ts'
import { type CatalogName, identifierOfLevels } from '../table/open-in-catalog.ts'
import { openTable } from '../table/open-table.ts'
import { parseLevels } from '../table/table-ref.ts'
import { loadedTableText } from '../text/loaded-table-text.ts'
import { formatName } from '../text/name-text.ts'
import { printList } from '../text/print-list.ts'
import type { RawTableOptions } from './catalog-options.ts'
import type { CommandContext } from './command-context.ts'
import { recoveryHint, tracesOf } from './dropped-traces.ts'
import { insteadOf } from './instead-of.ts'
import { openedCatalog, openedFor } from './opened-catalog.ts'
import { tableOptions } from './table-options.ts'

const CHANGES = { creates: false }

export async function listTables(name: string, raw: RawTableOptions, context: CommandContext): Promise<void> {
  const namespace = parseLevels(name, 'namespace')
  const catalog = await openedCatalog(raw, CHANGES, context)
  await printList(
    (page) => catalog.listTables(namespace, page, context.signal),
    {
      json: raw.json === true,
      toJson: (table) => ({ namespace: table.namespace, name: table.name }),
      toText: (table) => formatName(levelsOf(table)),
    },
    { print: context.print, formatJson: formatExactJson },
  )
}

/** What the catalog has of a table: its metadata as it is stored, all digits kept, or a page of it. */
export async function loadTable(ref: string, raw: RawTableOptions, context: CommandContext): Promise<void> {
  const { store, identifier } = await openTable(ref, await tableOptions(raw, context.sources), context, context.signal)
  const { metadata, metadataLocation } = await store.loadTable(identifier, context.signal)
  if (raw.json === true) context.print(`${formatTableMetadata(metadata)}\n`)
  else context.print(loadedTableText({ name: formatName(levelsOf(identifier)), metadata, metadataLocation }))
}

/** Exit code 1 says that there is none, and nothing else does. */
export async function checkTableExists(ref: string, raw: RawTableOptions, context: CommandContext): Promise<void> {
  const { name, exists, label } = await lookFor(ref, raw, context).catch((error: unknown) => {
    if (exitCodeOf(error) !== 1 || context.signal.aborted) throw error
    throw new MoraineError('unavailable', `whether there is a table ${ref} could not be found out`, { cause: error })
  })
  if (raw.json === true) context.printJson({ table: name, exists })
  if (!exists) throw new MoraineError('not-found', `there is no table ${name} in ${label}`)
  if (raw.json !== true) context.print(`${name} exists\n`)
}

async function lookFor(ref: string, raw: RawTableOptions, context: CommandContext) {
  const { catalog, identifier, place } = await openedFor(ref, raw, CHANGES, context)
  const exists = (await catalog.findMetadataLocation(identifier, context.signal)) !== undefined
  return { name: formatName(levelsOf(identifier)), exists, label: place.label }
}

export type RawDropOptions = RawTableOptions & { readonly purge?: boolean }

/** Files stay, unless they are to be purged and the catalog does that. */
export async function dropTable(ref: string, raw: RawDropOptions, context: CommandContext): Promise<void> {
  const opened = await openedFor(ref, raw, CHANGES, context)
  const { catalog, identifier, place } = opened
  const traces = await tracesOf(opened, raw, context)
  const none = insteadOf('not-found', `there is no table ${formatName(levelsOf(identifier))} in ${place.label}`)
  if (raw.purge !== true) await catalog.dropTable(identifier, context.signal).catch(none)
  else if (catalog.purgeTable !== undefined) await catalog.purgeTable(identifier, context.signal).catch(none)
  else {
    throw new MoraineError(
      'unsupported',
      `${place.label} removes no files: drop the table without --purge, and its files by yourself`,
    )
  }
  const hint = await recoveryHint(levelsOf(identifier), traces, raw, context)
  if (hint !== undefined) context.note(hint)
  say(identifier, 'dropped', raw, context)
}

export async function renameTable(
  ref: string,
  to: string,
  raw: RawTableOptions,
  context: CommandContext,
): Promise<void> {
  const target = parseLevels(to, 'table name')
  const named = await openedFor(ref, raw, CHANGES, context)
  const renamed = targetOf(target, named)
  await named.catalog.renameTable(named.identifier, renamed, context.signal)
  const [from, name] = [named.identifier, renamed].map((each) => formatName(levelsOf(each)))
  if (raw.json === true) context.printJson({ table: name, outcome: 'renamed', from })
  else context.print(`table ${from} is now ${name}\n`)
}

/** Within the catalog: its name is left out, or said again. */
export function targetOf(levels: readonly string[], { first }: CatalogName): TableIdentifier {
  if (first === undefined) return identifierOfLevels(levels)
  if (levels[0] === first && levels.length > 2) return identifierOfLevels(levels.slice(1))
  throw new MoraineError(
    'invalid-input',
    `${formatName(levels)}: begin the new name with ${formatName([first])}, as the old one`,
  )
}

export type RawRegisterOptions = RawTableOptions & { readonly overwrite?: boolean }

/** Gives a table that has files a name in the catalog, with `overwrite` that of another table, whose files stay. */
export async function registerTable(
  ref: string,
  metadataLocation: string,
  raw: RawRegisterOptions,
  context: CommandContext,
): Promise<void> {
  const overwrites = raw.overwrite === true
  const use = { creates: true, ...(overwrites && { overwrites }) }
  const { catalog, identifier, place } = await openedFor(ref, raw, use, context)
  const register = overwrites ? catalog.overwriteTable : catalog.registerTable
  if (register === undefined) {
    throw new MoraineError(
      'unsupported',
      `${place.label} cannot register over a table that is there; drop it without --purge, then register`,
    )
  }
  await register(identifier, absoluteLocation(metadataLocation), context.signal)
  say(identifier, 'registered', raw, context)
}

function say(identifier: TableIdentifier, outcome: string, { json }: RawTableOptions, context: CommandContext): void {
  const name = formatName(levelsOf(identifier))
  if (json === true) context.printJson({ table: name, outcome })
  else context.print(`table ${name} is ${outcome}\n`)
}

export function levelsOf({ namespace, name }: TableIdentifier): readonly string[] {
  return [...namespace, name]
}
