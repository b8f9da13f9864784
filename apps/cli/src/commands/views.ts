import type { Catalog } from '@moraine/catalogs/catalog'
import type { CatalogViews } from '@moraine/catalogs/catalog-views'
import { formatViewMetadata } from '@moraine/iceberg/view/view-metadata-json'
import { MoraineError } from '@moraine/stdx/error'
import { formatExactJson } from '@moraine/stdx/exact-json'
import { parseLevels } from '../table/table-ref.ts'
import { loadedViewText } from '../text/loaded-view-text.ts'
import { formatName } from '../text/name-text.ts'
import { printList } from '../text/print-list.ts'
import type { RawTableOptions } from './catalog-options.ts'
import { levelsOf, targetOf } from './catalog-tables.ts'
import type { CommandContext } from './command-context.ts'
import { recoveryHint } from './dropped-traces.ts'
import { insteadOf } from './instead-of.ts'
import { openedCatalog, openedFor } from './opened-catalog.ts'

const CHANGES = { creates: false }

export async function listViews(name: string, raw: RawTableOptions, context: CommandContext): Promise<void> {
  const namespace = parseLevels(name, 'namespace')
  const views = viewsOf(await openedCatalog(raw, CHANGES, context))
  await printList(
    (page) => views.listViews(namespace, page, context.signal),
    {
      json: raw.json === true,
      toJson: (view) => ({ namespace: view.namespace, name: view.name }),
      toText: (view) => formatName(levelsOf(view)),
    },
    { print: context.print, formatJson: formatExactJson },
  )
}

/** What the catalog has of a view: its metadata as it is stored, or a page of it. */
export async function loadView(ref: string, raw: RawTableOptions, context: CommandContext): Promise<void> {
  const { views, name, identifier, isNone } = await openedView(ref, raw, context)
  const { metadata, metadataLocation } = await views.loadView(identifier, context.signal).catch(isNone)
  if (raw.json === true) context.print(`${formatViewMetadata(metadata)}\n`)
  else context.print(loadedViewText({ name, metadata, metadataLocation }))
}

/** A catalog of the service keeps it for a time. */
export async function dropView(ref: string, raw: RawTableOptions, context: CommandContext): Promise<void> {
  const { views, name, identifier, isNone } = await openedView(ref, raw, context)
  await views.dropView(identifier, context.signal).catch(isNone)
  const traces = { catalogType: undefined, file: undefined }
  const hint = await recoveryHint(levelsOf(identifier), traces, raw, context)
  if (hint !== undefined) context.note(hint)
  if (raw.json === true) context.printJson({ view: name, outcome: 'dropped' })
  else context.print(`view ${name} is dropped\n`)
}

export async function renameView(
  ref: string,
  to: string,
  raw: RawTableOptions,
  context: CommandContext,
): Promise<void> {
  const target = parseLevels(to, 'view name')
  const { views, name: from, identifier, opened, isNone } = await openedView(ref, raw, context)
  const renamed = targetOf(target, opened)
  await views.renameView(identifier, renamed, context.signal).catch(isNone)
  const name = formatName(levelsOf(renamed))
  if (raw.json === true) context.printJson({ view: name, outcome: 'renamed', from })
  else context.print(`view ${from} is now ${name}\n`)
}

async function openedView(ref: string, raw: RawTableOptions, context: CommandContext) {
  const opened = await openedFor(ref, raw, CHANGES, context)
  const { catalog, identifier, place } = opened
  const name = formatName(levelsOf(identifier))
  const isNone = (error: unknown): never => {
    // A namespace that a view is to move to is not there either, and says so itself.
    const isNamespace = error instanceof MoraineError && error.context['entity'] === 'namespace'
    if (isNamespace) throw error
    return insteadOf('not-found', `there is no view ${name} in ${place.label}`)(error)
  }
  return { opened, views: viewsOf(catalog), name, identifier, isNone }
}

function viewsOf({ name, views }: Catalog): CatalogViews {
  if (views !== undefined) return views
  throw new MoraineError(
    'unsupported',
    `catalog ${name} has no views: those of type ams, rest (where its server has them) and jdbc (with jdbc.schema-version=V1) do`,
  )
}
