import { type FileHandle, open, rm } from 'node:fs/promises'
import { checkAborted } from '@moraine/stdx/abort'
import { assert } from '@moraine/stdx/assert'
import type { Random } from '@moraine/stdx/random'
import type { FileWriter } from './file-io.ts'
import { localError } from './local-error.ts'
import { makeParents, publishFile } from './local-publish.ts'
import { temporaryPath } from './local-temporary.ts'

export type LocalWriterOptions = {
  readonly createOnly: boolean
  readonly random: Random
  readonly signal?: AbortSignal
}

/** Writes a temporary file beside `path`, syncs it and names it `path` at `close`. It is removed on every failure. */
export async function openLocalWriter(path: string, options: LocalWriterOptions): Promise<FileWriter> {
  const { createOnly, random, signal } = options
  const doing = `writing ${path}`
  checkAborted(signal, doing)
  await makeParents(path)
  const temporary = temporaryPath(path, random)
  const handle = await open(temporary, 'wx').catch((cause: unknown) => {
    throw localError(cause, doing)
  })
  let ended = false

  const discard = async () => {
    if (ended) return
    ended = true
    // Whatever goes wrong here must not hide why the write was given up; a leftover is known by its name.
    await handle.close().catch(() => {})
    await rm(temporary, { force: true }).catch(() => {})
  }
  const orDiscard = async <T>(step: () => Promise<T>): Promise<T> => {
    assert(!ended, `${path} is written to after its end`)
    try {
      checkAborted(signal, doing)
      return await step()
    } catch (cause) {
      await discard()
      throw localError(cause, doing)
    }
  }

  return {
    write: (bytes) => orDiscard(() => writeAll(handle, bytes, signal, doing)),
    close: () =>
      orDiscard(async () => {
        await handle.sync()
        await handle.close()
        const outcome = await publishFile(temporary, path, createOnly)
        ended = true
        return outcome
      }),
    abort: discard,
  }
}

const STEP_BYTES = 16 * 2 ** 20

/** From where the file is at now to the end of `bytes`. */
export async function writeAll(
  handle: FileHandle,
  bytes: Uint8Array,
  signal: AbortSignal | undefined,
  doing: string,
): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    checkAborted(signal, doing)
    const { bytesWritten } = await handle.write(bytes, at, Math.min(STEP_BYTES, bytes.length - at))
    at += bytesWritten
  }
}
