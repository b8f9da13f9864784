import type { LoadedTable } from '@moraine/catalogs/catalog'
import { parseTableMetadata } from '@moraine/iceberg/metadata/table-metadata-json'
import type { OperationPage, Window } from '@moraine/management/table-work/table-inspection'
import { mapBounded } from '@moraine/stdx/bounded'
import { isKind } from '@moraine/stdx/error'
import type { FileIO } from '@moraine/storage/file-io'
import { withoutSecrets } from '@moraine/storage/without-secrets'
import type { ShownFiles } from '../../access/shown-files.ts'
import type { FileCache } from '../file-cache.ts'
import { definitionChanges } from './definition-changes.ts'
import { definitionOf, type TableDefinition } from './table-definition.ts'

/** Metadata files read at a time; those of large tables have tens of megabytes. */
const FILES_AT_A_TIME = 4

export type OperationsContext = {
  readonly files: ShownFiles
  readonly definitions: FileCache<TableDefinition>
  readonly signal?: AbortSignal
}

/**
 * What changed of schema and properties from one metadata file to the next, newest first. It goes back as far as the
 * table's log of metadata files, without those that have been deleted.
 */
export async function listOperations(
  table: string,
  { metadata, metadataLocation }: Pick<LoadedTable, 'metadata' | 'metadataLocation'>,
  { offset, limit }: Window,
  { files, definitions, signal }: OperationsContext,
): Promise<OperationPage> {
  // The current state too is read from its file: what was loaded may have the catalog's defaults among its properties.
  const log = [...metadata.metadataLog.map(({ metadataFile }) => metadataFile), metadataLocation]
  const found = await mapBounded(
    log,
    FILES_AT_A_TIME,
    (location, inner) => definitions.read(files, { location }, () => readDefinition(files.io, location, inner)),
    signal,
  )
  const states = found.filter((each) => each !== undefined)
  const operations = states
    .flatMap((after, index) => {
      const before = states[index - 1]
      const statements = before === undefined ? [] : definitionChanges(table, before, after)
      return statements.map((statement) => ({ at: after.at, statement }))
    })
    .reverse()
  return { operations: operations.slice(offset, offset + limit), total: operations.length }
}

/** `undefined` for a file that the table's writers have deleted. */
async function readDefinition(io: FileIO, location: string, signal: AbortSignal): Promise<TableDefinition | undefined> {
  try {
    return shown(definitionOf(parseTableMetadata(await io.read(location, signal), location)))
  } catch (error) {
    if (isKind(error, 'not-found')) return undefined
    throw error
  }
}

function shown(definition: TableDefinition): TableDefinition {
  return { ...definition, properties: withoutSecrets(definition.properties) }
}

/** About the memory that a definition takes. */
export function definitionBytes({ schema, properties }: TableDefinition): number {
  return JSON.stringify([schema, properties], (_key, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  ).length
}
