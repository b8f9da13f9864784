import { MoraineError } from '@moraine/stdx/error'
import { noSuchTable } from '../catalog-error.ts'
import { loadByPointer } from '../metadata-file/pointed-tables.ts'
import type { TableIdentifier } from '../table-identifier.ts'
import { hivePointed } from './hive-commit.ts'
import { hiveFailure, isModifiedMeanwhile } from './hive-failure.ts'
import { DO_NOT_UPDATE_STATS, METADATA_LOCATION } from './hive-parameters.ts'
import { findHiveTable, type HiveStore } from './hive-store.ts'
import type { HiveTable } from './hive-table.ts'
import { invalidOperation } from './metastore-thrift.ts'
import { underLock } from './swap-metadata.ts'

/**
 * The way of a commit without one: the lock of the table is taken where commits take it, and a change of a table that is
 * not there is refused. Without locks the table itself is changed, to what it is already and if its pointer were another,
 * which the metastore has to refuse.
 *
 * @throws {MoraineError} as a commit would, where tables cannot be changed or locked
 */
export async function probeHiveCommit(
  store: HiveStore,
  identifier: TableIdentifier,
  signal?: AbortSignal,
): Promise<string> {
  const loaded = await loadByPointer(store, hivePointed(store), identifier, signal)
  const table = await findHiveTable(store, identifier, signal)
  if (loaded === undefined || table === undefined) throw noSuchTable(identifier)
  const dbname = identifier.namespace[0] ?? ''
  return underLock(
    store,
    loaded,
    async (lock) => {
      if (lock === undefined) return refusedChange(store, { dbname, tbl_name: identifier.name, new_tbl: table })
      await refusedChange(store, { dbname, tbl_name: `${identifier.name}_that_is_not_there`, new_tbl: table })
      return 'the table can be locked, and a change of one that is not there was refused, as it must be'
    },
    signal,
  )
}

type Change = { readonly dbname: string; readonly tbl_name: string; readonly new_tbl: HiveTable }

async function refusedChange({ metastore }: HiveStore, change: Change): Promise<string> {
  const properties = new Map([
    [DO_NOT_UPDATE_STATS, 'true'],
    ['expected_parameter_key', METADATA_LOCATION],
    ['expected_parameter_value', 'no such file'],
  ])
  try {
    await metastore.once((client, options) =>
      client.alter_table_with_environment_context({ ...change, environment_context: { properties } }, options),
    )
  } catch (error) {
    // Of a table that is not there; versions differ in their words.
    if (isModifiedMeanwhile(error) || invalidOperation.match(error) !== undefined) {
      return 'a change from a pointer that the table does not have was refused, as it must be'
    }
    throw hiveFailure(`a change of ${change.dbname}.${change.tbl_name}`, error)
  }
  throw new MoraineError(
    'verification-failed',
    'the metastore accepted a change from a pointer that the table does not have (HIVE-26882 is missing): writers without locks undo each other there, set engine.hive.lock-enabled=true for all of them',
  )
}
