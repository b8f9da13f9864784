import type { Database } from '@aws-sdk/client-glue'
import type { Clock } from '@moraine/stdx/clock'
import type { MetadataFiles } from '../metadata-file/metadata-files.ts'
import { formatIdentifier, type TableIdentifier } from '../table-identifier.ts'
import { isGlueAnswer } from './glue-failure.ts'
import type { GlueService } from './glue-service.ts'
import type { GlueSettings } from './glue-settings.ts'
import type { GlueTable } from './glue-table.ts'

/** What the parts of a Glue catalog work with. */
export type GlueStore = MetadataFiles & {
  readonly settings: GlueSettings
  readonly service: GlueService
  readonly clock: Clock
}

/** A table of any kind. `identifier` is as Glue has it. */
export async function findGlueTable(
  { service, settings }: Pick<GlueStore, 'service' | 'settings'>,
  identifier: TableIdentifier,
  signal?: AbortSignal,
): Promise<GlueTable | undefined> {
  const request = { CatalogId: settings.catalogId, DatabaseName: identifier.namespace[0], Name: identifier.name }
  const doing = `to show table ${formatIdentifier(identifier)}`
  try {
    return (await service.repeatable(doing, (glue, options) => glue.getTable(request, options), signal)).Table
  } catch (error) {
    if (isGlueAnswer(error, 'EntityNotFoundException')) return undefined
    throw error
  }
}

export async function findGlueDatabase(
  { service, settings }: Pick<GlueStore, 'service' | 'settings'>,
  name: string,
  signal?: AbortSignal,
): Promise<Database | undefined> {
  const request = { CatalogId: settings.catalogId, Name: name }
  const doing = `to show database ${name}`
  try {
    return (await service.repeatable(doing, (glue, options) => glue.getDatabase(request, options), signal)).Database
  } catch (error) {
    if (isGlueAnswer(error, 'EntityNotFoundException')) return undefined
    throw error
  }
}
