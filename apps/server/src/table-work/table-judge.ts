import { noSuchTable } from '@moraine/catalogs/catalog-error'
import { followPointer } from '@moraine/catalogs/metadata-file/metadata-files'
import { readTableFrom } from '@moraine/maintenance/table/read-table'
import type { TableName } from '@moraine/management/records/table-name'
import type { TableMaintenance } from '@moraine/management/table-work/table-maintenance'
import { MoraineError } from '@moraine/stdx/error'
import { indexCache, indexKey } from './index-cache.ts'
import { plannedWork } from './planned-work.ts'
import type { ReachedTable } from './reached-table.ts'
import type { PointedTable, TableReading } from './reading/table-reading.ts'
import { evaluationOf } from './table-findings.ts'

export type TableJudgeContext = {
  readonly reach: (table: TableName, signal: AbortSignal) => Promise<ReachedTable>
  /** Where tables are read of which the metadata file says everything; absent: here, as all others are. */
  readonly reading?: TableReading
  /** Of memory that the files of a table that is read here may take. Absent: whatever there is. */
  readonly tableBytes?: number
}

// Some 3 million files; a table that does not fit is read anew at each look.
const INDEX_CACHE_BYTES = 128 * 1024 * 1024

/** Reads tables, and says what is to be done for them. Those that do not change much are cheap to look at again. */
export function tableJudge({
  reach,
  reading,
  tableBytes,
}: TableJudgeContext): Pick<TableMaintenance, 'evaluate' | 'plan'> {
  const indexes = indexCache(INDEX_CACHE_BYTES)
  const read = async (table: TableName, reached: ReachedTable, signal: AbortSignal) => {
    const { store, identifier, io, boundsFiles } = reached
    const loaded = await store.loadTable(identifier, signal)
    const key = indexKey(table, loaded.metadata)
    const bounds = { boundsFiles, ...(tableBytes !== undefined && { bytesMax: tableBytes }) }
    const state = await readTableFrom(io, loaded, { known: indexes.find(key), ...bounds }, signal)
    indexes.keep(key, state.index)
    return state
  }
  return {
    async evaluate(request, signal) {
      const { table, metadataLocation } = request
      const reached = await reach(table, signal)
      const { pointed } = reached
      if (reading === undefined || pointed === undefined)
        return evaluationOf(await read(table, reached, signal), request)
      const { clocks, now } = request
      return whereItPoints({ ...reached, ...pointed, table, metadataLocation }, signal, (found) =>
        reading.evaluate(found, { clocks, now }, signal),
      )
    },
    async plan({ table, ...terms }, signal) {
      const reached = await reach(table, signal)
      const { io, keepOut, pointed } = reached
      if (reading !== undefined && pointed !== undefined)
        return whereItPoints({ ...reached, ...pointed, table }, signal, (found) => reading.plan(found, terms, signal))
      const state = await read(table, reached, signal)
      const checkFiles = keepOut && { checkFiles: keepOut.checkFiles }
      return plannedWork({ io, state, ...checkFiles }, { ...terms, table }, signal)
    },
  }
}

type Sought = Pick<ReachedTable, 'store' | 'identifier'> &
  Omit<PointedTable, 'metadataLocation'> & {
    /** As it was just found. */
    readonly metadataLocation?: string | undefined
  }

/** Has the table read where its catalog points to; once more if that has changed meanwhile. */
async function whereItPoints<Made>(
  { store, identifier, table, storage, tableDefaults, boundsFiles, metadataLocation: known }: Sought,
  signal: AbortSignal,
  make: (found: PointedTable) => Promise<Made | undefined>,
): Promise<Made> {
  let isKnown = known !== undefined
  const find = async () => {
    const metadataLocation = isKnown ? known : await store.findMetadataLocation(identifier, signal)
    isKnown = false
    return metadataLocation === undefined ? undefined : { metadataLocation }
  }
  const followed = await followPointer({ kind: 'table', identifier }, find, async (metadataLocation) => {
    const made = await make({ table, metadataLocation, storage, tableDefaults, boundsFiles })
    if (made === undefined) throw new MoraineError('not-found', `${metadataLocation} does not exist`)
    return { made }
  })
  if (followed === undefined) throw noSuchTable(identifier)
  return followed.metadata.made
}
