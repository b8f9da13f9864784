import type { FileIO } from '@moraine/storage/file-io'
import { isFolderName } from './warehouse-path.ts'

/** What lies directly under a namespace's folder. Names are in order of their code units. */
export type WarehouseListing = {
  /** The folder itself was declared to be a namespace. */
  readonly declared: boolean
  readonly tables: readonly string[]
  readonly namespaces: readonly string[]
}

/** Marks a folder as a namespace, since a store of objects has no empty folders. Hadoop's catalog looks past files. */
export const NAMESPACE_MARKER = '.namespace'

/**
 * Looks under `folder` (without a trailing slash). A folder with metadata files is a table; one with a table or a marker
 * somewhere below it is a namespace; others, such as what a dropped table left behind, are neither.
 */
export async function listWarehouse(io: FileIO, folder: string, signal?: AbortSignal): Promise<WarehouseListing> {
  const tables = new Set<string>()
  const namespaces = new Set<string>()
  let declared = false
  for await (const { location } of io.list(`${folder}/`, signal)) {
    const path = location.slice(folder.length + 1)
    if (path === NAMESPACE_MARKER) declared = true
    const [, name = '', below = ''] = /^([^/]+)\/(.*)$/s.exec(path) ?? []
    if (!isFolderName(name)) continue
    if (METADATA_FILE.test(below)) tables.add(name)
    else if (below === NAMESPACE_MARKER || MARKER_OR_METADATA_FILE.test(below)) namespaces.add(name)
  }
  return {
    declared,
    tables: [...tables].sort(),
    namespaces: [...namespaces].filter((name) => !tables.has(name)).sort(),
  }
}

const METADATA_FILE = /^metadata\/[^/]+\.metadata\.json(\.gz)?$/
const MARKER_OR_METADATA_FILE = /\/(\.namespace|metadata\/[^/]+\.metadata\.json(\.gz)?)$/
