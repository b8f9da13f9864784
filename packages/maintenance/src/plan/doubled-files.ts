import { type FileId, type FileIndex, fileId, rowOf, segmentOf } from './file-index.ts'
import type { FileDescription } from './work-file.ts'

/** Partitions that list a file more than once, by ordinal, with the path of one. */
export type DoubledFiles = ReadonlyMap<number, string>

/**
 * Finds data files that the table lists more than once, which some writers allow: readers then see their rows as often.
 * Rewriting such a file cannot be told apart from rewriting one listing of it, so its partition is left alone. Asks for
 * the paths of the few files that look alike.
 */
export function* findDoubledFiles(
  index: FileIndex,
): Generator<readonly FileId[], DoubledFiles, readonly FileDescription[]> {
  const doubled = new Map<number, string>()
  const suspects = suspectsOf(index)
  if (suspects.length === 0) return doubled
  const descriptions = yield suspects
  const firstOf = new Map<string, FileId>()
  for (const [at, id] of suspects.entries()) {
    const path = descriptions[at]?.filePath ?? ''
    const first = firstOf.get(path)
    if (first === undefined) firstOf.set(path, id)
    else for (const each of [first, id]) doubled.set(partitionOf(index, each), path)
  }
  return doubled
}

/** Files that agree with another in the hash of the path, in size and in records, in the order of their ids. */
function suspectsOf({ segments }: FileIndex): readonly FileId[] {
  const shared = sharedHashes(segments.map(({ files }) => files.pathHashes))
  if (shared.size === 0) return []
  const alike = new Map<string, FileId[]>()
  for (const [at, { files }] of segments.entries()) {
    for (let row = 0; row < files.length; row += 1) {
      const hash = files.pathHashes[row] ?? 0
      if (!shared.has(hash)) continue
      const key = `${hash} ${files.fileSizesBytes[row]} ${files.recordCounts[row]}`
      const ids = alike.get(key)
      if (ids === undefined) alike.set(key, [fileId(at, row)])
      else ids.push(fileId(at, row))
    }
  }
  return [...alike.values()]
    .filter((ids) => ids.length > 1)
    .flat()
    .sort((a, b) => a - b)
}

function sharedHashes(columns: readonly Uint32Array[]): ReadonlySet<number> {
  const all = new Uint32Array(columns.reduce((sum, column) => sum + column.length, 0))
  let end = 0
  for (const column of columns) {
    all.set(column, end)
    end += column.length
  }
  all.sort()
  const shared = new Set<number>()
  for (let at = 1; at < all.length; at += 1) {
    const hash = all[at] ?? 0
    if (hash === all[at - 1]) shared.add(hash)
  }
  return shared
}

function partitionOf({ segments }: FileIndex, id: FileId): number {
  return segments[segmentOf(id)]?.files.partitions[rowOf(id)] ?? -1
}
