import type { Table, TableInput } from '@aws-sdk/client-glue'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { FILE_PATH_PROPERTIES } from '@moraine/iceberg/metadata/table-properties'
import { MoraineError } from '@moraine/stdx/error'
import { formatIdentifier, identifierKey, type TableIdentifier } from '../table-identifier.ts'
import { glueColumns } from './glue-columns.ts'

/** A table as Glue gave it out. */
export type GlueTable = Table

/** What a table becomes. */
export type GlueNextState = {
  readonly metadata: TableMetadata
  readonly metadataLocation: string
  /** Absent for a table that is not there yet. */
  readonly previousLocation?: string
}

const TABLE_TYPE = 'table_type'
const METADATA_LOCATION = 'metadata_location'
const PREVIOUS_METADATA_LOCATION = 'previous_metadata_location'
const MOVED_TO = 'moraine.moved-to'
const MOVED_METADATA_LOCATION = 'moraine.moved-metadata-location'

export function isIcebergInGlue({ Parameters }: GlueTable): boolean {
  return parameterOf(Parameters, TABLE_TYPE)?.toLowerCase() === 'iceberg'
}

/** The pointer of an Iceberg table; `undefined` if there is no such table, or a table of another kind. */
export function gluePointer(table: GlueTable | undefined, identifier: TableIdentifier): string | undefined {
  if (table === undefined || !isIcebergInGlue(table)) return undefined
  const location = parameterOf(table.Parameters, METADATA_LOCATION)
  if (location !== undefined) return location
  const text = `table ${formatIdentifier(identifier)} is an Iceberg table without metadata_location in Glue`
  throw new MoraineError('corrupt', text)
}

/**
 * The table after a commit: parameters, columns, location and description as the reference implementation writes them.
 * All that a table may have besides stays, which an update would otherwise remove.
 */
export function withGlueState(table: GlueTable | { readonly Name: string }, next: GlueNextState): TableInput {
  const input = inputOf(table)
  const { metadata, metadataLocation, previousLocation } = next
  const { AdditionalLocations: _, ...storage } = input.StorageDescriptor ?? {}
  const locations = additionalLocations(metadata)
  const description = parameterOf(metadata.properties, 'comment') ?? input.Description
  return {
    ...input,
    ...(description === undefined ? {} : { Description: description.slice(0, DESCRIPTION_LENGTH_MAX) }),
    TableType: 'EXTERNAL_TABLE',
    Parameters: {
      ...input.Parameters,
      [TABLE_TYPE]: 'ICEBERG',
      [METADATA_LOCATION]: metadataLocation,
      ...(previousLocation === undefined ? {} : { [PREVIOUS_METADATA_LOCATION]: previousLocation }),
    },
    StorageDescriptor: {
      ...storage,
      Location: metadata.location,
      Columns: glueColumns(metadata, storage.Columns),
      ...(locations.length === 0 ? {} : { AdditionalLocations: locations }),
    },
  }
}

const DESCRIPTION_LENGTH_MAX = 2048

/** The same table by another name. */
export function renamedInGlue(table: GlueTable, name: string): TableInput {
  return { ...inputOf(table), Name: name }
}

/** The table while it is moved: no Iceberg table, so that nobody commits to it, with all that undoing this takes. */
export function movedAway(table: GlueTable, to: TableIdentifier, metadataLocation: string): TableInput {
  const input = inputOf(table)
  const { [METADATA_LOCATION]: _, ...kept } = input.Parameters ?? {}
  const moved = {
    [TABLE_TYPE]: 'MOVED',
    [MOVED_TO]: identifierKey(to),
    [MOVED_METADATA_LOCATION]: metadataLocation,
  }
  return { ...input, Parameters: { ...kept, ...moved } }
}

/** What {@link movedAway} left: where the table was going, as `identifierKey` has it, and its pointer. */
export type GlueMove = { readonly to: string; readonly metadataLocation: string }

export function findGlueMove(table: GlueTable | undefined): GlueMove | undefined {
  const to = parameterOf(table?.Parameters, MOVED_TO)
  const metadataLocation = parameterOf(table?.Parameters, MOVED_METADATA_LOCATION)
  return to === undefined || metadataLocation === undefined ? undefined : { to, metadataLocation }
}

/** The table as it was before {@link movedAway}. */
export function movedBack(table: GlueTable, { metadataLocation }: GlueMove): GlueTable {
  const { [MOVED_TO]: _to, [MOVED_METADATA_LOCATION]: _location, ...kept } = table.Parameters ?? {}
  return { ...table, Parameters: { ...kept, [TABLE_TYPE]: 'ICEBERG', [METADATA_LOCATION]: metadataLocation } }
}

/** What Glue keeps of a table and takes back; the rest it sets itself. */
export function inputOf(table: GlueTable | { readonly Name: string }): TableInput {
  const full: GlueTable = table
  return {
    Name: full.Name,
    Description: full.Description,
    // Glue may give an empty one, and takes none.
    Owner: full.Owner || undefined,
    LastAccessTime: full.LastAccessTime,
    LastAnalyzedTime: full.LastAnalyzedTime,
    Retention: full.Retention,
    StorageDescriptor: full.StorageDescriptor,
    PartitionKeys: full.PartitionKeys,
    ViewOriginalText: full.ViewOriginalText,
    ViewExpandedText: full.ViewExpandedText,
    TableType: full.TableType,
    Parameters: full.Parameters,
    TargetTable: full.TargetTable,
  }
}

/** Where a table has files outside its location, for Lake Formation. */
function additionalLocations({ properties }: TableMetadata): string[] {
  return [...new Set(FILE_PATH_PROPERTIES.flatMap((key) => parameterOf(properties, key) ?? []))]
}

function parameterOf(parameters: Readonly<Record<string, string>> | undefined, key: string): string | undefined {
  return parameters !== undefined && Object.hasOwn(parameters, key) ? parameters[key] : undefined
}
