import { fileNameOf } from '../plan/file-name.ts'
import type { RewriteResult } from '../plan/rewrite-result.ts'

/** By group, why its outputs are not its alone. */
export type OutputClashes = ReadonlyMap<number, string>

/** Outputs that more than one group names: of none of these groups is it known what the file holds. */
export function sharedOutputs(results: readonly RewriteResult[]): OutputClashes {
  const groupsOf = new Map<string, Set<number>>()
  for (const result of results) {
    for (const name of outputNames(result)) {
      const groups = groupsOf.get(name) ?? new Set()
      groupsOf.set(name, groups.add(result.groupId))
    }
  }
  return clashes(results, (name, groupId) => {
    const others = [...(groupsOf.get(name) ?? [])].filter((other) => other !== groupId)
    return others.length === 0 ? undefined : `is also named by group ${others.join(', ')}`
  })
}

/** Outputs that are files of the table already: their rows would be in it twice. */
export function liveOutputs(results: readonly RewriteResult[], liveFiles: Iterable<string>): OutputClashes {
  const names = new Set(results.flatMap((result) => [...outputNames(result)]))
  const live = new Set<string>()
  for (const path of liveFiles) {
    const name = fileNameOf(path)
    if (names.has(name)) live.add(name)
  }
  return clashes(results, (name) => (live.has(name) ? 'is a file of the table already' : undefined))
}

function clashes(
  results: readonly RewriteResult[],
  why: (name: string, groupId: number) => string | undefined,
): OutputClashes {
  const found = new Map<number, string>()
  for (const result of results) {
    for (const name of outputNames(result)) {
      const reason = why(name, result.groupId)
      if (reason !== undefined && !found.has(result.groupId)) found.set(result.groupId, `output ${name} ${reason}`)
    }
  }
  return found
}

// Of verified results, whose names are unique whatever their directory is.
function outputNames({ dataFiles, deleteFiles }: RewriteResult): ReadonlySet<string> {
  return new Set([...dataFiles, ...deleteFiles].map(({ filePath }) => fileNameOf(filePath)))
}
