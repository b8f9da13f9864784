import { catalogsApi } from '@moraine/client/catalogs-api'
import { catalogsText, catalogText, metastoreTypesText } from '../text/catalog-text.ts'
import type { CommandContext } from './command-context.ts'
import { apiConnection } from './server-access.ts'
import type { RawServerOptions } from './server-options.ts'

export async function listCatalogs(raw: RawServerOptions, context: CommandContext): Promise<void> {
  const catalogs = await catalogsApi(apiConnection(raw, context)).list(context.signal)
  if (raw.json === true) context.printJson(catalogs)
  else context.print(catalogsText(catalogs))
}

export async function showCatalog(name: string, raw: RawServerOptions, context: CommandContext): Promise<void> {
  const catalog = await catalogsApi(apiConnection(raw, context)).find(name, context.signal)
  if (raw.json === true) context.printJson(catalog)
  else context.print(catalogText(catalog))
}

export async function listCatalogTypes(raw: RawServerOptions, context: CommandContext): Promise<void> {
  const types = await catalogsApi(apiConnection(raw, context)).types(context.signal)
  if (raw.json === true) context.printJson(types)
  else context.print(metastoreTypesText(types))
}

/** The service forgets the catalog and its tables, and leaves both as they are. */
export async function removeCatalog(name: string, raw: RawServerOptions, context: CommandContext): Promise<void> {
  await catalogsApi(apiConnection(raw, context)).remove(name, context.signal)
  if (raw.json === true) context.printJson({ catalog: name, outcome: 'removed' })
  else context.print(`catalog ${name} is removed\n`)
}
