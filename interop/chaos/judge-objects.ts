import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { LoadedTable } from '@moraine/catalogs/catalog'
import { readManifestEntries, readManifests } from '@moraine/iceberg/scan/read-manifests'
import { systemRandom } from '@moraine/stdx/random'
import { localFileIO } from '@moraine/storage/local-file-io'

/** Files of a table's folder that no retained state of it refers to, by what is known of them. */
export type Leftovers = {
  /** Of attempts, listed for discard. */
  readonly listed: readonly string[]
  /** Of the writer, which removes nothing. */
  readonly written: readonly string[]
  /** Temporary files of writes that a kill overtook (ADR 13). */
  readonly unfinished: readonly string[]
  /** Metadata and manifests of commits that a kill overtook, or whose outcome was never heard: orphan files, as of any engine. */
  readonly metadata: readonly string[]
  /** Whatever else is there: outputs that we have forgotten. */
  readonly unlisted: readonly string[]
}

/** An output that is to be deleted, as the database lists it. */
export type ListedDiscard = { readonly process_id: string; readonly task_id: number; readonly attempt: number }

const io = localFileIO(systemRandom)

export async function findLeftovers(
  table: LoadedTable,
  written: ReadonlySet<string>,
  discards: readonly ListedDiscard[],
): Promise<Leftovers> {
  const referenced = await referencedFiles(table)
  const prefixes = discards.map(outputPrefix)
  const found = { listed: [], written: [], unfinished: [], metadata: [], unlisted: [] } as {
    [kind in keyof Leftovers]: string[]
  }
  const kindOf = (path: string): keyof Leftovers => {
    const name = path.slice(path.lastIndexOf('/') + 1)
    if (written.has(path)) return 'written'
    if (/^\.moraine-.*\.tmp$/.test(name)) return 'unfinished'
    if (prefixes.some((prefix) => name.startsWith(`${prefix}-`) || name.includes(`-${prefix}-`))) return 'listed'
    return path.includes('/metadata/') ? 'metadata' : 'unlisted'
  }
  for (const path of filesBelow(table.metadata.location)) {
    if (!referenced.has(path)) found[kindOf(path)].push(path)
  }
  return found
}

/** A task has the number of the group it rewrites. */
function outputPrefix({ process_id, task_id, attempt }: ListedDiscard): string {
  return `${String(task_id).padStart(5, '0')}-${process_id}-${attempt}`
}

/** All that the current metadata and any snapshot that it retains refer to. */
async function referencedFiles({ metadata, metadataLocation }: LoadedTable): Promise<Set<string>> {
  const files = new Set([metadataLocation, ...metadata.metadataLog.map(({ metadataFile }) => metadataFile)])
  for (const { statisticsPath } of metadata.statistics) files.add(statisticsPath)
  const seen = new Map<string, Awaited<ReturnType<typeof readManifests>>[number]>()
  for (const snapshot of metadata.snapshots) {
    if (snapshot.manifests.kind === 'list') files.add(snapshot.manifests.location)
    for (const manifest of await readManifests(io, metadata, snapshot)) seen.set(manifest.manifestPath, manifest)
  }
  for (const path of seen.keys()) files.add(path)
  for (const entries of await readManifestEntries(io, metadata, [...seen.values()])) {
    for (const { file } of entries) files.add(file.filePath)
  }
  return new Set([...files].map((location) => location.replace(/^file:(\/\/)?/, '')))
}

function filesBelow(directory: string): readonly string[] {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}
