import { importedPath, importsOf } from './imports-of.ts'
import { isTest, type RepositoryFile } from './source-files.ts'

/** Two rooms of one package that import each other, as `packages/a/src: one <-> two`, and by which files. */
export type MutualImport = { readonly at: string; readonly because: readonly string[] }

/**
 * Rooms that import each other, types counted too, tests not. A room is a folder right below `src`, or one file that lies
 * beside them: what composes the folders may lie there, and so may a port that they share.
 */
export function mutualImports(files: readonly RepositoryFile[]): readonly MutualImport[] {
  const edges = importsBetweenRooms(files)
  return [...edges].flatMap(([edge, forth]) => {
    const [, source = '', one = '', two = ''] = /^(.*): (.*) -> (.*)$/.exec(edge) ?? []
    const back = edges.get(`${source}: ${two} -> ${one}`)
    return back === undefined || one > two ? [] : [{ at: `${source}: ${one} <-> ${two}`, because: [...forth, ...back] }]
  })
}

/** `packages/a/src: one -> two`, with the imports that make it so. */
function importsBetweenRooms(files: readonly RepositoryFile[]): ReadonlyMap<string, readonly string[]> {
  const known = new Set(files.map(({ path }) => path))
  const edges = new Map<string, string[]>()
  for (const file of files) {
    const from = roomOf(file.path)
    if (from === undefined || isTest(file.path)) continue
    for (const { target } of importsOf(file)) {
      const path = importedPath(file.path, target, (candidate) => known.has(candidate))
      const to = path === undefined ? undefined : roomOf(path)
      if (to === undefined || to.source !== from.source || to.name === from.name) continue
      const edge = `${from.source}: ${from.name} -> ${to.name}`
      edges.set(edge, [...(edges.get(edge) ?? []), `${file.path} imports ${path}`])
    }
  }
  return edges
}

function roomOf(path: string): { readonly source: string; readonly name: string } | undefined {
  const [, source, name] = /^((?:packages|apps)\/[^/]+\/src)\/([^/]+)/.exec(path) ?? []
  return source === undefined || name === undefined ? undefined : { source, name }
}
