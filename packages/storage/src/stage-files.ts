import { constants } from 'node:fs'
import { copyFile, type FileHandle, link, open, realpath, rm } from 'node:fs/promises'
import { checkAborted } from '@moraine/stdx/abort'
import { mapBounded } from '@moraine/stdx/bounded'
import { MoraineError } from '@moraine/stdx/error'
import type { Random } from '@moraine/stdx/random'
import type { FileIO, WriteOptions, WriteOutcome } from './file-io.ts'
import { errnoOf, localError } from './local-error.ts'
import { makeParents, publishFile } from './local-publish.ts'
import { temporaryPath } from './local-temporary.ts'

/**
 * Gives an object the local name `localPath`, for programs that read only files: by a hard link where the object is a
 * file of the same file system, else by a copy or a download in ranges. Not synced: it is for scratch. The file must not
 * be written to, since it may be the object itself. The object must not be replaced meanwhile.
 *
 * @throws {MoraineError} `already-exists` if there is a file of that name; `not-found` if there is no such object.
 */
export async function stageToLocal(
  io: FileIO,
  location: string,
  localPath: string,
  signal?: AbortSignal,
): Promise<void> {
  const doing = `staging ${location} as ${localPath}`
  checkAborted(signal, doing)
  const source = io.localPath?.(location)
  try {
    if (source === undefined) await download(io, location, localPath, signal)
    else await linkOrCopy(await realpath(source), localPath)
  } catch (cause) {
    if (errnoOf(cause) === 'EEXIST') throw new MoraineError('already-exists', `${doing} failed: it is taken`, { cause })
    throw localError(cause, doing)
  }
}

export type PublishOptions = WriteOptions & { readonly random: Random }

/**
 * Makes a finished local file an object, whole and durable: by a hard link where the object is a file of the same file
 * system, else by a copy or an upload. The local file stays; it must not be written to any more. To publish the same
 * file twice is to publish it once, also with `createOnly`, as long as it is linked.
 */
export async function publishFromLocal(
  io: FileIO,
  localPath: string,
  location: string,
  options: PublishOptions,
  signal?: AbortSignal,
): Promise<WriteOutcome> {
  const doing = `publishing ${localPath} as ${location}`
  checkAborted(signal, doing)
  const target = io.localPath?.(location)
  try {
    const file = await open(localPath, 'r')
    try {
      if (target !== undefined) {
        const linked = await publishLink(file, localPath, target, options)
        if (linked !== undefined) return linked
      }
      return await upload(file, io, location, options, signal)
    } finally {
      await file.close()
    }
  } catch (cause) {
    throw localError(cause, doing)
  }
}

const RANGE_BYTES = 8 * 2 ** 20
const PARALLEL_RANGES = 4

/** Why a file cannot have another name there, though it can be copied. */
const NO_LINK = new Set(['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'])

async function linkOrCopy(source: string, localPath: string): Promise<void> {
  try {
    await link(source, localPath)
  } catch (cause) {
    if (!NO_LINK.has(errnoOf(cause) ?? '')) throw cause
    await copyFile(source, localPath, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
  }
}

async function download(io: FileIO, location: string, localPath: string, signal: AbortSignal | undefined) {
  const status = await io.stat(location, signal)
  if (status === undefined) throw new MoraineError('not-found', `there is no ${location}`)
  const ranges = Array.from({ length: Math.ceil(status.sizeBytes / RANGE_BYTES) }, (_, index) => index * RANGE_BYTES)
  const file = await open(localPath, 'wx')
  try {
    const fetch = async (offset: number, stop: AbortSignal) => {
      const bytes = await io.readRange(location, offset, Math.min(RANGE_BYTES, status.sizeBytes - offset), stop)
      await writeAt(file, bytes, offset)
    }
    await mapBounded(ranges, PARALLEL_RANGES, fetch, signal)
  } catch (error) {
    await rm(localPath, { force: true })
    checkAborted(signal, `staging ${location} as ${localPath}`)
    throw error
  } finally {
    await file.close()
  }
}

async function writeAt(file: FileHandle, bytes: Uint8Array, offset: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, at, bytes.length - at, offset + at)
    at += bytesWritten
  }
}

/** `undefined` if the file cannot be linked there. */
async function publishLink(
  file: FileHandle,
  localPath: string,
  target: string,
  { createOnly = false, random }: PublishOptions,
): Promise<WriteOutcome | undefined> {
  await makeParents(target)
  const temporary = temporaryPath(target, random)
  try {
    await link(localPath, temporary)
  } catch (cause) {
    if (NO_LINK.has(errnoOf(cause) ?? '')) return undefined
    throw cause
  }
  try {
    await file.sync()
    return await publishFile(temporary, target, createOnly)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

// A small file in one call, which layers can make again, also where its answer was lost: a writer's calls they cannot.
async function upload(
  file: FileHandle,
  io: FileIO,
  location: string,
  { createOnly = false }: PublishOptions,
  signal: AbortSignal | undefined,
): Promise<WriteOutcome> {
  const { size } = await file.stat()
  if (size <= RANGE_BYTES) return io.write(location, await readWhole(file, size), { createOnly }, signal)
  const writer = await io.openWriter(location, { createOnly }, signal)
  try {
    const buffer = Buffer.allocUnsafeSlow(RANGE_BYTES)
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, RANGE_BYTES)
      if (bytesRead === 0) return await writer.close()
      await writer.write(buffer.subarray(0, bytesRead))
    }
  } catch (error) {
    await writer.abort()
    throw error
  }
}

async function readWhole(file: FileHandle, sizeBytes: number): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafeSlow(sizeBytes)
  for (let at = 0; at < sizeBytes; ) {
    const { bytesRead } = await file.read(bytes, at, sizeBytes - at, at)
    if (bytesRead === 0) throw new MoraineError('corrupt', `the file has become shorter: ${at} of ${sizeBytes} bytes`)
    at += bytesRead
  }
  return bytes
}
