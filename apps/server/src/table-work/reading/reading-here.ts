import { type MetadataCache, metadataCache } from '@moraine/catalogs/metadata-file/metadata-cache'
import { readMetadata } from '@moraine/catalogs/metadata-file/metadata-files'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { type IndexedTable, readTableFrom } from '@moraine/maintenance/table/read-table'
import type { Clock } from '@moraine/stdx/clock'
import { isKind } from '@moraine/stdx/error'
import { formatExactJson } from '@moraine/stdx/exact-json'
import type { Random } from '@moraine/stdx/random'
import { weighedCache } from '@moraine/stdx/weighed-cache'
import type { FileIO } from '@moraine/storage/file-io'
import { openStorage } from '@moraine/storage/open-storage'
import type { StorageSettings } from '@moraine/storage/settings'
import { withStoreFailures } from '../../catalogs/store-failures.ts'
import { indexCache, indexKey } from '../index-cache.ts'
import { plannedWork } from '../planned-work.ts'
import { evaluationOf } from '../table-findings.ts'
import type { PointedTable, TableReading } from './table-reading.ts'

export type ReadingOptions = {
  readonly clock: Clock
  readonly random: Random
  /** Whether the thread serves nobody else, so that it may be held up. */
  readonly blocks: boolean
  /** Of what is remembered of the files of tables looked at lately. */
  readonly indexBytes: number
  /** Of memory that the files of one table may take. */
  readonly tableBytes: number
}

/** Reads in the thread that calls it. Tables that do not change much are cheap to look at again. */
export function readingHere({ indexBytes, tableBytes, ...surroundings }: ReadingOptions): TableReading {
  const openedAs = storages(surroundings)
  const metadatas = metadataCache(METADATA_LENGTH_MAX)
  const indexes = indexCache(indexBytes)
  const read = async (pointed: PointedTable, signal: AbortSignal): Promise<ReadTable | undefined> => {
    const io = openedAs(pointed.storage)
    const found = await findMetadata(metadatas, io, pointed.metadataLocation, signal)
    if (found === undefined) return undefined
    const metadata = { ...found, properties: { ...pointed.tableDefaults, ...found.properties } }
    const key = indexKey(pointed.table, metadata)
    const { table, metadataLocation, boundsFiles } = pointed
    const loaded = { identifier: table, metadata, metadataLocation }
    const bounds = { boundsFiles, bytesMax: tableBytes }
    const state = await readTableFrom(io, loaded, { known: indexes.find(key), ...bounds }, signal)
    indexes.keep(key, state.index)
    return { io, state }
  }
  return {
    async evaluate(pointed, terms, signal) {
      const found = await read(pointed, signal)
      return found && evaluationOf(found.state, terms)
    },
    async plan(pointed, terms, signal) {
      const found = await read(pointed, signal)
      return found && plannedWork(found, { ...terms, table: pointed.table }, signal)
    },
  }
}

type ReadTable = { readonly io: FileIO; readonly state: IndexedTable }

/** A plan is often made of what was just evaluated. */
const METADATA_LENGTH_MAX = 8 * 1024 * 1024
/** Catalogs differ in how their files are reached, and are few. */
const STORAGES_MAX = 100

async function findMetadata(
  cache: MetadataCache,
  io: FileIO,
  location: string,
  signal: AbortSignal,
): Promise<TableMetadata | undefined> {
  try {
    return await readMetadata({ cache, io }, location, signal)
  } catch (error) {
    if (isKind(error, 'not-found')) return undefined
    throw error
  }
}

/** Each storage is opened once, as long as it is in use. */
function storages(
  surroundings: Omit<ReadingOptions, 'indexBytes' | 'tableBytes'>,
): (settings: StorageSettings) => FileIO {
  const opened = weighedCache<FileIO>(STORAGES_MAX, () => 1)
  return (settings) => {
    const key = formatExactJson(settings)
    const io = opened.find(key) ?? withStoreFailures(openStorage(settings, surroundings))
    opened.keep(key, io)
    return io
  }
}
