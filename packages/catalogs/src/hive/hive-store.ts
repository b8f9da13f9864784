import type { Clock } from '@moraine/stdx/clock'
import { MoraineError } from '@moraine/stdx/error'
import type { ThriftStruct } from '@moraine/thrift/thrift-tree'
import type { MetadataFiles } from '../metadata-file/metadata-files.ts'
import { formatIdentifier, type TableIdentifier } from '../table-identifier.ts'
import { hiveFailure, isUnknownMethod } from './hive-failure.ts'
import type { HiveSettings } from './hive-settings.ts'
import { type HiveTable, isIcebergTable, metadataLocationOf } from './hive-table.ts'
import type { Metastore } from './metastore.ts'
import { noSuchObject } from './metastore-thrift.ts'

/** What the parts of a Hive catalog work with. */
export type HiveStore = MetadataFiles & {
  readonly settings: HiveSettings
  readonly metastore: Metastore
  readonly clock: Clock
  /** Of this process, for those who look at locks. */
  readonly hostname: string
}

/** A table of any kind. `identifier` is as the metastore has it. */
export async function findHiveTable(
  { metastore }: Pick<HiveStore, 'metastore'>,
  { namespace, name }: TableIdentifier,
  signal?: AbortSignal,
): Promise<HiveTable | undefined> {
  const dbName = namespace[0] ?? ''
  try {
    return await metastore.repeatable(
      async (client, options) => {
        try {
          return (await client.get_table_req({ req: { dbName, tblName: name } }, options))?.table
        } catch (error) {
          // Metastores before 3 may not have it; some from 4 on have nothing else.
          if (!isUnknownMethod(error)) throw error
          return client.get_table({ dbname: dbName, tbl_name: name }, options)
        }
      },
      { signal },
    )
  } catch (error) {
    if (noSuchObject.match(error) !== undefined) return undefined
    throw hiveFailure(`to show table ${dbName}.${name}`, error)
  }
}

export async function findDatabase(
  { metastore }: Pick<HiveStore, 'metastore'>,
  name: string,
  signal?: AbortSignal,
): Promise<ThriftStruct | undefined> {
  try {
    return await metastore.repeatable((client, options) => client.get_database({ name }, options), { signal })
  } catch (error) {
    if (noSuchObject.match(error) !== undefined) return undefined
    throw hiveFailure(`to show database ${name}`, error)
  }
}

/** The pointer of an Iceberg table; `undefined` if there is no such table, or a table of another kind. */
export function icebergPointer(table: HiveTable | undefined, identifier: TableIdentifier): string | undefined {
  if (table === undefined || !isIcebergTable(table)) return undefined
  const location = metadataLocationOf(table)
  if (location !== undefined) return location
  const text = `table ${formatIdentifier(identifier)} is an Iceberg table without metadata_location in the metastore`
  throw new MoraineError('corrupt', text)
}
