import { describeError, isKind } from '@moraine/stdx/error'
import type { FileIO } from '@moraine/storage/file-io'

/** A FileIO for as long as the store takes its credentials. */
export type FileIoSource<Each extends { readonly io: FileIO }> = {
  current(signal: AbortSignal | undefined): Promise<Each>
  /** Another, after the store refused this one; `undefined` if there is no better. */
  replace(refused: Each, signal: AbortSignal | undefined): Promise<Each | undefined>
}

/**
 * Reads and writes with what the source gives at each call. A call that the store refused has done nothing, and is made
 * once more if the source has other credentials. What was begun, a listing or a writer, ends with what it began with.
 *
 * @param plain answers what needs no store
 */
export function renewedFileIO<Each extends { readonly io: FileIO }>(
  source: FileIoSource<Each>,
  plain: Pick<FileIO, 'canCreateOnly' | 'localPath'>,
): FileIO {
  const call = async <T>(signal: AbortSignal | undefined, run: (io: FileIO) => Promise<T>): Promise<T> => {
    const used = await source.current(signal)
    try {
      return await run(used.io)
    } catch (error) {
      if (!isRefusal(error)) throw error
      const other = await source.replace(used, signal)
      if (other === undefined) throw error
      return run(other.io)
    }
  }
  return {
    read: (location, signal) => call(signal, (io) => io.read(location, signal)),
    readRange: (location, offset, length, signal) =>
      call(signal, (io) => io.readRange(location, offset, length, signal)),
    stat: (location, signal) => call(signal, (io) => io.stat(location, signal)),
    write: (location, bytes, options, signal) => call(signal, (io) => io.write(location, bytes, options, signal)),
    openWriter: (location, options, signal) => call(signal, (io) => io.openWriter(location, options, signal)),
    remove: (locations, signal) => call(signal, (io) => io.remove(locations, signal)),
    async *list(prefix, signal) {
      const { first, rest } = await call(signal, async (io) => {
        const files = io.list(prefix, signal)[Symbol.asyncIterator]()
        return { first: await files.next(), rest: files }
      })
      try {
        for (let next = first; next.done !== true; next = await rest.next()) yield next.value
      } finally {
        await rest.return?.()
      }
    },
    canCreateOnly: (location) => plain.canCreateOnly(location),
    localPath: (location) => plain.localPath?.(location),
  }
}

/** AWS answers a session that has ended with status 400, as it does a damaged request. */
function isRefusal(error: unknown): boolean {
  return (
    isKind(error, 'permission') ||
    (isKind(error, 'invalid-input') && /ExpiredToken|InvalidToken|TokenRefreshRequired/.test(describeError(error)))
  )
}
