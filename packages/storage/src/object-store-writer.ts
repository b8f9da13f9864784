import { checkAborted, orAbort } from '@moraine/stdx/abort'
import { assert } from '@moraine/stdx/assert'
import { isKind, MoraineError } from '@moraine/stdx/error'
import type { Operator } from 'opendal'
import type { FileWriter, WriteOutcome } from './file-io.ts'
import { objectStoreError } from './object-store-error.ts'

/** Part size of uploads in parts, and how many parts are on their way at once. S3 allows 10,000 parts: 80 GB. */
export const UPLOAD_PARTS = { chunk: BigInt(8 * 2 ** 20), concurrent: 4 }

/**
 * Uploads in parts, which become an object at `close`. opendal cannot give an upload up, so `abort` is followed by
 * `endUploads`. What a process that dies leaves is invisible, but some stores charge for it: set a lifecycle rule that
 * ends incomplete uploads.
 */
export async function openPartsWriter(
  operator: Operator,
  key: string,
  location: string,
  endUploads: () => Promise<void>,
  signal?: AbortSignal,
): Promise<FileWriter> {
  const doing = `writing ${location}`
  const upload = await attempt(operator.writer(key, UPLOAD_PARTS), signal, doing)
  let ended = false
  let finished = false
  let sizeBytes = 0
  const orEnd = async <T>(step: () => Promise<T>): Promise<T> => {
    assert(!ended, `${location} is written to after its end`)
    try {
      checkAborted(signal, doing)
      return await attempt(step(), signal, doing)
    } catch (error) {
      // The upload may still be at work on that call; it must get no other.
      ended = true
      throw error
    }
  }
  return {
    write: (bytes) => {
      sizeBytes += bytes.length
      return orEnd(() => upload.write(asBuffer(bytes)))
    },
    close: () =>
      orEnd(async () => {
        await upload.close().catch((cause: unknown) => {
          throw uploadError(cause, doing)
        })
        ended = true
        finished = true
        return 'written' as const
      }),
    abort: async () => {
      ended = true
      // A first part is begun only when a second has bytes.
      if (finished || sizeBytes <= UPLOAD_PARTS.chunk) return
      finished = true
      // Whatever goes wrong here must not hide why the write was given up; the lifecycle rule is left.
      await endUploads().catch(() => {})
    },
  }
}

/**
 * Keeps everything in memory and writes it at once at `close`: opendal ignores the create-only condition of an object
 * that it uploads in parts.
 */
export function openCreateOnlyWriter(
  location: string,
  create: (bytes: Uint8Array) => Promise<WriteOutcome>,
  signal?: AbortSignal,
): FileWriter {
  let parts: Uint8Array[] = []
  let sizeBytes = 0
  let ended = false
  const checkOpen = () => {
    assert(!ended, `${location} is written to after its end`)
    checkAborted(signal, `writing ${location}`)
  }
  const end = () => {
    ended = true
    parts = []
  }
  return {
    write: async (bytes) => {
      checkOpen()
      sizeBytes += bytes.length
      if (sizeBytes > CREATE_ONLY_BYTES) {
        end()
        throw new MoraineError(
          'unsupported',
          `${location}: a create-only object is at most ${CREATE_ONLY_BYTES} bytes here; write it under a new unique name instead`,
        )
      }
      parts.push(new Uint8Array(bytes))
    },
    close: async () => {
      checkOpen()
      const bytes = Buffer.concat(parts)
      end()
      return create(bytes)
    },
    abort: async () => end(),
  }
}

const CREATE_ONLY_BYTES = 256 * 2 ** 20

export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** The call's outcome in our errors, or an error as soon as the signal aborts. */
export async function attempt<T>(call: Promise<T>, signal: AbortSignal | undefined, doing: string): Promise<T> {
  try {
    return await orAbort(call, signal, doing)
  } catch (error) {
    throw objectStoreError(error, doing)
  }
}

/** An upload that is gone when it is to be completed was completed by an earlier try of ours, or removed. */
function uploadError(cause: unknown, doing: string): MoraineError {
  const error = objectStoreError(cause, doing)
  if (!isKind(error, 'not-found')) return error
  return new MoraineError('unavailable', `${doing} ended without a known outcome: its upload is gone`, { cause: error })
}
