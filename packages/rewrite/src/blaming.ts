import type { RewriteGroup } from '@moraine/maintenance/plan/rewrite-plan'
import { type ErrorKind, MoraineError } from '@moraine/stdx/error'

/**
 * A failure to read one of a group's files, with that file as `unreadableFile` in its context, so that the others can be
 * worked on without it; any other failure as it is. The message of such a failure names the file as the table does.
 */
export function blaming(error: unknown, { inputs, deletes }: RewriteGroup): unknown {
  if (!(error instanceof MoraineError) || !ABOUT_FILES.has(error.kind)) return error
  const dataFiles = new Set(inputs.map(({ filePath }) => filePath))
  const named = namesIn(error.message, [...dataFiles, ...deletes.map(({ filePath }) => filePath)])
  // Where a delete does not fit a data file, the fewest are left out with the data file.
  const unreadableFile = named.find((path) => dataFiles.has(path)) ?? named[0]
  if (unreadableFile === undefined) return error
  const context = { ...error.context, unreadableFile }
  return new MoraineError(error.kind, error.message, { cause: error.cause, context })
}

/** Longest first: a name may begin like another. */
function namesIn(message: string, paths: readonly string[]): readonly string[] {
  let rest = message
  return paths
    .toSorted((a, b) => b.length - a.length)
    .filter((path) => {
      const isNamed = rest.includes(path)
      if (isNamed) rest = rest.replaceAll(path, '')
      return isNamed
    })
}

// Of other kinds all files of a store have their share: it cannot be reached, or does not let us in.
const ABOUT_FILES: ReadonlySet<ErrorKind> = new Set(['corrupt', 'unsupported', 'not-found'])
