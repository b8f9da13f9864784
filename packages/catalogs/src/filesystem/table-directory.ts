import { parseTableMetadata } from '@moraine/iceberg/metadata/table-metadata-json'
import { MoraineError } from '@moraine/stdx/error'
import { sameLocation } from '@moraine/storage/location'
import type { CatalogTables } from '../catalog.ts'
import { noSuchTable } from '../catalog-error.ts'
import type { TableIdentifier } from '../table-identifier.ts'
import { commitVersion } from './commit-version.ts'
import { findCurrentVersion } from './find-version.ts'
import { type HadoopStore, loadCurrentVersion } from './hadoop-store.ts'
import { metadataFolder, parseVersionFile } from './version-file.ts'

/** One table opened without a catalog. Its methods answer for `identifier`, which is the table's folder name. */
export type TableDirectory = CatalogTables & {
  readonly identifier: TableIdentifier
  /** Why commits are refused, as `unsupported`; absent if they are not. */
  readonly readOnly?: string
  /** What a reader should know of how the table was found; absent if it is certain to be the current one. */
  readonly note?: string
}

/**
 * Opens the table that `location` names: a table's folder, or a `...metadata.json` file. A folder in Hadoop layout, or the
 * file of its current version, stands for the table. Anything else is the table as of one file, the newest of a folder,
 * and is read-only, since only its catalog knows what is current.
 */
export async function openTableDirectory(
  store: HadoopStore,
  location: string,
  signal?: AbortSignal,
): Promise<TableDirectory> {
  const path = location.replace(/\/+$/, '')
  if (!/\.metadata\.json(\.gz)?$/.test(path)) return openFolder(store, path, signal)
  const version = parseVersionFile(path)
  if (version === undefined) {
    return openFile(store, path, 'a single metadata file can be read only; to change the table go through its catalog')
  }
  const current = await findCurrentVersion(store.io, version.tableLocation, signal)
  if (current?.location === path) return openFolder(store, version.tableLocation, signal)
  return openFile(store, path, `version ${version.version} is not the current one, which is ${current?.location}`)
}

async function openFolder(
  store: HadoopStore,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<TableDirectory> {
  const identifier = identifierOf(folder)
  const opened = await loadCurrentVersion(store, folder, signal)
  if (opened === undefined) return openNewest(store, folder, signal)
  const { location } = opened.metadata
  const moved = sameLocation(location, folder)
    ? undefined
    : `${opened.file.location} says that the table is at ${location}; a copied or moved table can be read only, since changes would touch the files of the original`
  return {
    identifier,
    ...(moved === undefined ? {} : { readOnly: moved, note: `${moved}; its files are looked for there` }),
    async loadTable(_, loadSignal) {
      const current = await loadCurrentVersion(store, folder, loadSignal)
      if (current === undefined) throw noSuchTable(identifier)
      return { identifier, metadata: current.metadata, metadataLocation: current.file.location }
    },
    findMetadataLocation: async (_, findSignal) => (await findCurrentVersion(store.io, folder, findSignal))?.location,
    commitTable: (_, commit, commitSignal) =>
      moved === undefined
        ? commitVersion(store, identifier, folder, commit, commitSignal)
        : Promise.reject(new MoraineError('unsupported', `${folder}: ${moved}`)),
  }
}

async function openFile(store: HadoopStore, file: string, readOnly: string): Promise<TableDirectory> {
  const identifier = identifierOf(file.replace(/\/metadata\/[^/]*$/, ''))
  const load = async (signal?: AbortSignal) => parseTableMetadata(await store.io.read(file, signal), file)
  return {
    identifier,
    readOnly,
    loadTable: async (_, signal) => ({ identifier, metadata: await load(signal), metadataLocation: file }),
    findMetadataLocation: async (_, signal) => ((await store.io.stat(file, signal)) === undefined ? undefined : file),
    commitTable: () => Promise.reject(new MoraineError('unsupported', `${file}: ${readOnly}`)),
  }
}

function identifierOf(folder: string): TableIdentifier {
  return { namespace: [], name: folder.slice(folder.lastIndexOf('/') + 1) }
}

/** Catalogs number their metadata files: `00012-<uuid>.metadata.json`, perhaps compressed. */
const NUMBERED = /\/(\d+)-[^/]+\.metadata\.json(\.gz)?$/

async function openNewest(
  store: HadoopStore,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<TableDirectory> {
  let newest: { readonly location: string; readonly number: number } | undefined
  for await (const { location } of store.io.list(metadataFolder(folder), signal)) {
    const number = Number(NUMBERED.exec(location)?.[1] ?? Number.NaN)
    if (number >= 0 && (newest === undefined || number > newest.number)) newest = { location, number }
  }
  if (newest === undefined) {
    throw new MoraineError(
      'not-found',
      `there is no Iceberg table at ${folder}: ${folder}/metadata has no metadata file`,
    )
  }
  const readOnly = 'the table belongs to a catalog; to change it name it in the catalog (--catalog-uri)'
  const note = `${folder} belongs to a catalog: shown as of ${newest.location}, its newest metadata file`
  return { ...(await openFile(store, newest.location, readOnly)), note }
}
