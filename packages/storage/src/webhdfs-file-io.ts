import { checkAborted } from '@moraine/stdx/abort'
import { mapBounded } from '@moraine/stdx/bounded'
import type { Clock } from '@moraine/stdx/clock'
import { isKind, MoraineError } from '@moraine/stdx/error'
import type { Random } from '@moraine/stdx/random'
import { checkRange, cutShort } from './byte-range.ts'
import type { FileIO, FileStatus, WriteOptions, WriteOutcome } from './file-io.ts'
import type { HttpAnswer } from './http-exchange.ts'
import { temporaryPath } from './local-temporary.ts'
import { parseLocation } from './location.ts'
import type { StorageSettings } from './settings.ts'
import { HDFS_SCHEMES } from './webhdfs-address.ts'
import {
  deleteFile,
  download,
  exceptionOf,
  isAbsence,
  upload,
  type WebHdfsClient,
  webHdfsClients,
} from './webhdfs-client.ts'
import { listWebHdfsFiles } from './webhdfs-list.ts'
import { discardWebHdfsFile, publishWebHdfsFile, type WebHdfsPublication } from './webhdfs-publish.ts'
import { findWebHdfsStatus } from './webhdfs-status.ts'
import { createCall, openWebHdfsWriter } from './webhdfs-writer.ts'

/**
 * Files of HDFS through WebHDFS or HttpFS (Hadoop 3): `hdfs://`, `webhdfs://`, `swebhdfs://`. See `webhdfs-address` for the
 * settings.
 *
 * - A write goes to `.moraine-<uuid>.tmp` beside its target and is then renamed, which the name node does in one step, by
 *   choice without replacing: `createOnly` is atomic also against Hadoop's own clients. Directories are made as needed.
 * - A file is durable as HDFS understands it: data nodes have acknowledged it, not synced it.
 * - A process that is killed leaves its temporary file behind; `list` does not show these.
 * - `remove` takes an empty directory of that name, too. Repeated slashes in a path are one. HDFS has no names with colons.
 */
export function webHdfsFileIO(
  settings: StorageSettings,
  { clock, random }: { readonly clock: Clock; readonly random: Random },
): FileIO {
  const clientOf = webHdfsClients(settings)
  const open = (location: string): Opened => {
    const { scheme, authority, path } = hdfsPlace(location)
    return { location, path, client: clientOf(scheme, authority) }
  }
  const toWrite = (location: string, options: WriteOptions | undefined, signal: AbortSignal | undefined) => {
    const doing = `writing ${location}`
    checkAborted(signal, doing)
    const { client, path } = open(fileLocation(location))
    const temporary = temporaryPath(path, random)
    return { client, temporary, path, createOnly: options?.createOnly ?? false, doing, signal }
  }
  return {
    read: async (location, signal) => {
      checkAborted(signal, `reading ${location}`)
      return readWhole(open(fileLocation(location)), signal)
    },
    readRange: async (location, offset, length, signal) => {
      checkRange(location, offset, length)
      checkAborted(signal, `reading ${location}`)
      return readRange(open(fileLocation(location)), offset, length, signal)
    },
    stat: async (location, signal) => {
      checkAborted(signal, `looking up ${location}`)
      const opened = open(location)
      return location.endsWith('/') ? undefined : statFile(opened, `looking up ${location}`, signal)
    },
    write: async (location, bytes, options, signal) => writeFile(toWrite(location, options, signal), bytes, clock),
    openWriter: async (location, options, signal) => openWebHdfsWriter(toWrite(location, options, signal), clock),
    remove: async (locations, signal) => {
      checkAborted(signal, `removing ${locations.length} files`)
      const files = locations.map(open).filter(({ location }) => !location.endsWith('/'))
      await removeFiles(files, signal)
    },
    list: (prefix, signal) => listFiles(open, prefix, { clock, random }, signal),
    canCreateOnly: () => true,
  }
}

type Opened = { readonly client: WebHdfsClient; readonly location: string; readonly path: string }

const PARALLEL_REMOVALS = 16

function hdfsPlace(location: string) {
  const { scheme: given, authority, path } = parseLocation(location)
  const scheme = HDFS_SCHEMES.find((known) => known === given)
  if (scheme === undefined) throw new MoraineError('unsupported', `${location} is not a file of HDFS`)
  if (path.includes(':')) {
    throw new MoraineError('unsupported', `${location} cannot be used: names in HDFS have no colons`)
  }
  return { scheme, authority, path: `/${path}`.replace(/\/+/g, '/') }
}

function fileLocation(location: string): string {
  if (!location.endsWith('/')) return location
  throw new MoraineError('invalid-input', `${location} names a directory, not a file`)
}

async function readWhole(file: Opened, signal: AbortSignal | undefined): Promise<Uint8Array> {
  const doing = `reading ${file.location}`
  const { body, isDelimited } = await openFile(file, [], Number.MAX_SAFE_INTEGER, signal)
  if (isDelimited) return body
  const sizeBytes = (await statFile(file, doing, signal))?.sizeBytes
  if (sizeBytes !== body.length) throw endedEarly(doing)
  return body
}

async function readRange(file: Opened, offset: number, length: number, signal: AbortSignal | undefined) {
  const doing = `reading ${file.location}`
  const checkSize = async () => {
    const sizeBytes = (await statFile(file, doing, signal))?.sizeBytes
    if (sizeBytes === undefined) throw new MoraineError('not-found', `${doing} failed: there is no such file`)
    if (offset + length > sizeBytes) throw cutShort(file.location, offset, length, sizeBytes)
  }
  if (length === 0) {
    await checkSize()
    return new Uint8Array()
  }
  const range = [
    ['offset', String(offset)],
    ['length', String(length)],
  ] as const
  try {
    const { body } = await openFile(file, range, length, signal)
    if (body.length === length) return body
  } catch (error) {
    // A beginning beyond the end is an exception of no name of its own.
    if (exceptionOf(error) === '' || isAbsence(error)) throw error
    await checkSize()
    throw error
  }
  await checkSize()
  throw endedEarly(doing)
}

async function openFile(
  { client, path, location }: Opened,
  parameters: readonly (readonly [string, string])[],
  answerBytesMax: number,
  signal: AbortSignal | undefined,
): Promise<HttpAnswer> {
  const doing = `reading ${location}`
  try {
    return await download(client, { method: 'GET', operation: 'OPEN', path, parameters, doing, answerBytesMax, signal })
  } catch (error) {
    if (!isAbsence(error) || isKind(error, 'not-found')) throw error
    throw new MoraineError('not-found', `${doing} failed: a part of the path is a file`, { cause: error })
  }
}

function endedEarly(doing: string): MoraineError {
  return new MoraineError('unavailable', `${doing} failed: the answer ended early`)
}

async function statFile(
  { client, path, location }: Opened,
  doing: string,
  signal: AbortSignal | undefined,
): Promise<FileStatus | undefined> {
  const found = await findWebHdfsStatus(client, path, doing, signal)
  if (found?.type !== 'FILE') return undefined
  return { location, sizeBytes: found.sizeBytes, modifiedAt: found.modifiedAt }
}

async function writeFile(publication: WebHdfsPublication, bytes: Uint8Array, clock: Clock): Promise<WriteOutcome> {
  const { client, temporary, signal } = publication
  try {
    await upload(client, createCall(publication), clock, bytes)
    return await publishWebHdfsFile(publication)
  } catch (error) {
    // Who gave up does not wait for the tidying.
    const discarded = discardWebHdfsFile(client, temporary, clock)
    if (!signal?.aborted) await discarded
    throw error
  }
}

async function removeFiles(files: readonly Opened[], signal: AbortSignal | undefined): Promise<void> {
  const remove = ({ client, path, location }: Opened, stop: AbortSignal) =>
    deleteFile(client, path, `removing ${location}`, stop)
  try {
    await mapBounded(files, PARALLEL_REMOVALS, remove, signal)
  } catch (error) {
    checkAborted(signal, `removing ${files.length} files`)
    throw error
  }
}

async function* listFiles(
  open: (location: string) => Opened,
  prefix: string,
  retry: { readonly clock: Clock; readonly random: Random },
  signal: AbortSignal | undefined,
): AsyncGenerator<FileStatus> {
  checkAborted(signal, `listing ${prefix}`)
  const { client, path } = open(prefix)
  const namePrefix = prefix.endsWith('/') ? '' : path.slice(path.lastIndexOf('/') + 1)
  const directory = path.slice(0, path.length - namePrefix.length)
  const spelling = prefix.slice(0, prefix.length - namePrefix.length)
  yield* listWebHdfsFiles({ client, directory, namePrefix, spelling, retry, signal })
}
