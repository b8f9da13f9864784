import { type CatalogsApi, catalogsApi, type DroppedEntry } from '@moraine/client/catalogs-api'
import { isKind, MoraineError } from '@moraine/stdx/error'
import { formatExactJson } from '@moraine/stdx/exact-json'
import { humanDuration } from '@moraine/stdx/human-text'
import { identifierOfLevels } from '../table/open-in-catalog.ts'
import { parseLevels } from '../table/table-ref.ts'
import { droppedText } from '../text/dropped-text.ts'
import { formatName } from '../text/name-text.ts'
import { printList } from '../text/print-list.ts'
import type { CommandContext } from './command-context.ts'
import { insteadOf } from './instead-of.ts'
import { apiConnection } from './server-access.ts'
import type { RawServerOptions } from './server-options.ts'

export type RawDroppedOptions = RawServerOptions & { readonly catalog: string }
export type RawUndropOptions = RawDroppedOptions & { readonly as?: string; readonly id?: string }

/** What was dropped from a catalog of the service and can be had back, the last dropped first. */
export async function listDropped(raw: RawDroppedOptions, context: CommandContext): Promise<void> {
  const api = catalogsApi(apiConnection(raw, context))
  let round = ''
  await printList(
    async (page) => {
      const found = await api.listDropped(raw.catalog, page, context.signal)
      round = humanDuration(found.purgeIntervalMs)
      return found
    },
    { json: raw.json === true, toJson: (dropped) => dropped, toText: (dropped) => droppedText(dropped, round) },
    { print: context.print, formatJson: formatExactJson },
  )
}

/** Gives the table or view of that name that was dropped last, or the one with the id, its name again or another one. */
export async function undropTable(ref: string, raw: RawUndropOptions, context: CommandContext): Promise<void> {
  const levels = parseLevels(ref, 'table name')
  const as = raw.as === undefined ? undefined : identifierOfLevels(parseLevels(raw.as, 'table name'))
  identifierOfLevels(levels)
  const api = catalogsApi(apiConnection(raw, context))
  const found = await findDropped(levels, raw, api, context.signal)
  const wanted = as === undefined ? formatName(levels) : formatName([...as.namespace, as.name])
  const taken = `${wanted} is the name of another table or view; have this one back under one that is free, as in \`moraine table undrop ${formatName(levels)} --as ${wanted}_2 --id ${found.dropId} --catalog ${raw.catalog}\`, or rename the other first`
  const restored = await api
    .restoreDropped(raw.catalog, found.dropId, as, context.signal)
    .catch(insteadOf('already-exists', taken))
  const name = nameOf(restored)
  if (raw.json === true) context.printJson({ table: name, outcome: 'restored', dropId: found.dropId })
  else
    context.print(`${restored.kind} ${name} is back, as it was when it was dropped at ${timeOf(restored.droppedAt)}\n`)
}

export type RawPurgeOptions = RawDroppedOptions & {
  readonly id?: string
  readonly files?: boolean
  readonly keepFiles?: boolean
}

/** Ends the time of the table or view of that name that was dropped last, or of the one with the id. */
export async function purgeTable(ref: string, raw: RawPurgeOptions, context: CommandContext): Promise<void> {
  const levels = parseLevels(ref, 'table name')
  identifierOfLevels(levels)
  const api = catalogsApi(apiConnection(raw, context))
  const { dropId } = await findDropped(levels, raw, api, context.signal)
  const files = raw.files === true ? true : raw.keepFiles === true ? false : undefined
  const purged = await api.purgeDropped(raw.catalog, dropId, files, context.signal)
  const name = nameOf(purged)
  if (raw.json === true) context.printJson({ table: name, outcome: 'purging', dropId, purgesFiles: purged.purgesFiles })
  else {
    const then = purged.purgesFiles ? 'its files go within a minute or so' : 'its files stay'
    context.print(`${purged.kind} ${name} cannot be had back any more; ${then}\n`)
  }
}

/** What became of a table or view of a catalog of the service that was dropped just now; `undefined` if it is gone. */
export async function findJustDropped(
  levels: readonly string[],
  raw: RawDroppedOptions,
  context: CommandContext,
): Promise<DroppedEntry | undefined> {
  const api = catalogsApi(apiConnection(raw, context))
  return findDropped(levels, raw, api, context.signal).catch((error: unknown) => {
    // It was the other side's to drop, or somebody had it back already.
    if (isKind(error, 'unsupported') || isKind(error, 'not-found')) return undefined
    throw error
  })
}

export function restoreHint(dropped: DroppedEntry, catalog: string): string {
  const then = dropped.purgesFiles ? 'then its files are removed' : 'then it is forgotten, and its files stay'
  return `until ${timeOf(dropped.purgeAt)} \`moraine table undrop ${nameOf(dropped)} --catalog ${catalog}\` has it back; ${then}`
}

async function findDropped(
  levels: readonly string[],
  { catalog, id }: RawUndropOptions,
  api: CatalogsApi,
  signal: AbortSignal,
): Promise<DroppedEntry> {
  const name = formatName(levels)
  let page: string | undefined
  do {
    const { items, nextPage } = await api.listDropped(catalog, page, signal)
    const found = items.find((each) => nameOf(each) === name && (id === undefined || each.dropId === id))
    if (found !== undefined) return found
    page = nextPage === page ? undefined : nextPage
  } while (page !== undefined)
  const which = id === undefined ? name : `${name} with the id ${id}`
  throw new MoraineError(
    'not-found',
    `catalog ${catalog} keeps no dropped table ${which}; \`moraine table dropped\` lists them`,
  )
}

function nameOf({ namespace, name }: DroppedEntry): string {
  return formatName([...namespace, name])
}

function timeOf(epochMs: number): string {
  return new Date(epochMs).toISOString()
}
