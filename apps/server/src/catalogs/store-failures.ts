import { isKind, MoraineError } from '@moraine/stdx/error'
import type { FileIO } from '@moraine/storage/file-io'

/**
 * The same files. What the store does not take, or lacks, when something is written or looked for below a folder is its
 * failure, or that of how the catalog is set up: whoever asked for a table has done nothing wrong, and hears so.
 */
export function withStoreFailures(io: FileIO): FileIO {
  return {
    ...io,
    write: (location, bytes, options, signal) => io.write(location, bytes, options, signal).catch(asStoreFailure),
    openWriter: (location, options, signal) => io.openWriter(location, options, signal).catch(asStoreFailure),
    async *list(prefix, signal) {
      try {
        yield* io.list(prefix, signal)
      } catch (error) {
        asStoreFailure(error)
      }
    },
  }
}

function asStoreFailure(error: unknown): never {
  if (!(isKind(error, 'invalid-input') || isKind(error, 'not-found'))) throw error
  const what = 'the store of the catalog cannot be used as it is set up'
  throw new MoraineError('unavailable', `${what}: ${error.message}`, { cause: error.cause, context: error.context })
}
