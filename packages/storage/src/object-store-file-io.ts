import { checkAborted } from '@moraine/stdx/abort'
import { mapBounded } from '@moraine/stdx/bounded'
import type { EpochMs } from '@moraine/stdx/brand'
import type { Clock } from '@moraine/stdx/clock'
import { isKind, MoraineError } from '@moraine/stdx/error'
import type { Random } from '@moraine/stdx/random'
import type { Entry, Metadata, Operator } from 'opendal'
import { checkRange, cutShort } from './byte-range.ts'
import type { FileIO, FileStatus, WriteOptions, WriteOutcome } from './file-io.ts'
import { canonicalScheme, parseLocation } from './location.ts'
import { checkObjectKey } from './object-key.ts'
import { type CopiedObject, copiedObject, copiedWriter, discardCopied, finishCopied } from './object-store-copied.ts'
import { isBeyondEnd, isRefusedCondition } from './object-store-error.ts'
import { type BucketOperators, bucketOperators } from './object-store-operator.ts'
import type { ObjectStoreService } from './object-store-service.ts'
import { asBuffer, attempt, openCreateOnlyWriter, openPartsWriter, UPLOAD_PARTS } from './object-store-writer.ts'
import type { StorageSettings } from './settings.ts'

/**
 * Objects in buckets, through opendal.
 *
 * - Keys that opendal would change are refused as `unsupported` (see {@link checkObjectKey}).
 * - What was begun cannot be stopped: after an abort a request goes on unwatched, and its outcome is unknown.
 * - A location that ends with a slash is a directory: no object, though consoles make empty ones of that name.
 * - Where opendal would write a key under another name, the object is a copy of a temporary one, and cannot be create-only.
 */
export function objectStoreFileIO(
  service: ObjectStoreService,
  settings: StorageSettings,
  { clock, random }: { readonly clock: Clock; readonly random: Random },
): FileIO {
  const operatorsOf = bucketOperators(service, settings)
  const open = async (location: string): Promise<OpenedObject> => {
    const { key, authority } = objectPlace(service, location)
    if (isDirectory(key)) throw new MoraineError('invalid-input', `${location} names a directory, not an object`)
    const endUploads = async () => service.endUploads?.(authority, key, settings, clock)
    return { key, location, endUploads, ...(await operatorsOf(authority)) }
  }
  const copied = ({ once, key, location }: OpenedObject): CopiedObject | undefined => {
    const misnamed = service.misnamedCharacter
    return misnamed?.test(key) ? copiedObject(once, { key, location }, misnamed, random) : undefined
  }
  return {
    read: async (location, signal) => {
      const doing = `reading ${location}`
      checkAborted(signal, doing)
      const { once, key } = await open(location)
      return asBytes(await attempt(once.read(key), signal, doing))
    },
    readRange: async (location, offset, length, signal) => {
      checkRange(location, offset, length)
      checkAborted(signal, `reading ${location}`)
      return readRange(await open(location), offset, length, signal)
    },
    stat: async (location, signal) => {
      checkAborted(signal, `looking up ${location}`)
      if (isDirectory(objectPlace(service, location).key)) return undefined
      return statObject(await open(location), signal)
    },
    write: async (location, bytes, options, signal) => {
      checkAborted(signal, `writing ${location}`)
      checkCreateOnly(service, location, options)
      const object = await open(location)
      const copy = copied(object)
      return copy === undefined ? writeObject(object, bytes, options, signal) : writeCopied(object, copy, bytes, signal)
    },
    openWriter: async (location, options, signal) => {
      checkAborted(signal, `writing ${location}`)
      checkCreateOnly(service, location, options)
      const object = await open(location)
      const { persistent, endUploads } = object
      const copy = copied(object)
      if (copy !== undefined) {
        return copiedWriter(
          await openPartsWriter(persistent, copy.temporary, location, endUploads, signal),
          copy,
          signal,
        )
      }
      if (!options?.createOnly) return openPartsWriter(persistent, object.key, location, endUploads, signal)
      return openCreateOnlyWriter(location, (bytes) => writeObject(object, bytes, options, signal), signal)
    },
    remove: async (locations, signal) => {
      checkAborted(signal, `removing ${locations.length} objects`)
      for (const [authority, keys] of keysByAuthority(service, locations)) {
        await removeObjects((await operatorsOf(authority)).once, `${service.schemes[0]}://${authority}`, keys, signal)
      }
    },
    list: (prefix, signal) => listObjects(service, operatorsOf, prefix, signal),
    canCreateOnly: (location) => canCreateOnly(service, parseLocation(location).path),
  }
}

type OpenedObject = BucketOperators & {
  readonly key: string
  readonly location: string
  readonly endUploads: () => Promise<void>
}

// Larger objects are uploaded in parts, so that a lost connection costs one part.
const ONE_REQUEST_BYTES = 32 * 2 ** 20
// S3's limit for one request.
const REMOVAL_BATCH = 1_000
const PARALLEL_REMOVALS = 4

function objectPlace(service: ObjectStoreService, location: string) {
  const { scheme, authority, path } = parseLocation(location)
  if (!service.schemes.includes(canonicalScheme(scheme))) {
    throw new MoraineError('unsupported', `${location} is not an object of ${service.service}`)
  }
  if (authority === '') throw new MoraineError('invalid-input', `${location} names no bucket`)
  checkObjectKey(location, path, service.confusedKeys)
  return { authority, key: path }
}

function isDirectory(key: string): boolean {
  return key === '' || key.endsWith('/')
}

function canCreateOnly({ canCreateOnly: can, misnamedCharacter }: ObjectStoreService, key: string): boolean {
  return can && !misnamedCharacter?.test(key)
}

function checkCreateOnly(service: ObjectStoreService, location: string, options: WriteOptions | undefined): void {
  if (!options?.createOnly || canCreateOnly(service, objectPlace(service, location).key)) return
  const whose = service.canCreateOnly ? `${service.service} has for names of such characters` : `${service.service} has`
  throw new MoraineError('unsupported', `${location}: ${whose} no atomic create-only writes`)
}

async function readRange(object: OpenedObject, offset: number, length: number, signal: AbortSignal | undefined) {
  const { once, key, location } = object
  if (length === 0) {
    const { sizeBytes } = (await statObject(object, signal)) ?? absent(location)
    if (offset > sizeBytes) throw cutShort(location, offset, length, sizeBytes)
    return new Uint8Array()
  }
  const call = once.read(key, { offset: BigInt(offset), size: BigInt(length) }).catch(async (cause: unknown) => {
    if (!isBeyondEnd(cause)) throw cause
    const { sizeBytes } = (await statObject(object, signal)) ?? absent(location)
    if (offset + length > sizeBytes) throw cutShort(location, offset, length, sizeBytes)
    throw new MoraineError('unavailable', `reading ${location} failed: the answer ended early`)
  })
  const bytes = await attempt(call, signal, `reading ${location}`)
  if (bytes.length !== length) throw cutShort(location, offset, length, offset + bytes.length)
  return asBytes(bytes)
}

async function statObject(object: OpenedObject, signal: AbortSignal | undefined): Promise<FileStatus | undefined> {
  const { once, key, location } = object
  try {
    const metadata = await attempt(once.stat(key), signal, `looking up ${location}`)
    return metadata.isFile() ? objectStatus(location, metadata) : undefined
  } catch (error) {
    if (isKind(error, 'not-found')) return undefined
    throw error
  }
}

async function writeObject(
  { once, key, location }: OpenedObject,
  bytes: Uint8Array,
  options: WriteOptions | undefined,
  signal: AbortSignal | undefined,
): Promise<WriteOutcome> {
  const createOnly = options?.createOnly ?? false
  const inParts = !createOnly && bytes.length > ONE_REQUEST_BYTES
  const how = { ...(createOnly && { ifNotExists: true }), ...(inParts && UPLOAD_PARTS) }
  const call = once.write(key, asBuffer(bytes), how).then(
    (): WriteOutcome => 'written',
    (cause: unknown): WriteOutcome => {
      if (createOnly && isRefusedCondition(cause)) return 'exists'
      throw cause
    },
  )
  return attempt(call, signal, `writing ${location}`)
}

async function writeCopied(
  object: OpenedObject,
  copy: CopiedObject,
  bytes: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<WriteOutcome> {
  try {
    await writeObject({ ...object, key: copy.temporary }, bytes, {}, signal)
  } catch (error) {
    await discardCopied(copy)
    throw error
  }
  await finishCopied(copy, signal)
  return 'written'
}

function keysByAuthority(service: ObjectStoreService, locations: readonly string[]): Map<string, string[]> {
  const grouped = new Map<string, string[]>()
  for (const location of locations) {
    const { authority, key } = objectPlace(service, location)
    if (isDirectory(key)) continue
    const keys = grouped.get(authority)
    if (keys === undefined) grouped.set(authority, [key])
    else keys.push(key)
  }
  return grouped
}

async function removeObjects(operator: Operator, bucket: string, keys: readonly string[], signal?: AbortSignal) {
  const doing = `removing ${keys.length} objects of ${bucket}`
  const batches = Array.from({ length: Math.ceil(keys.length / REMOVAL_BATCH) }, (_, at) =>
    keys.slice(at * REMOVAL_BATCH, (at + 1) * REMOVAL_BATCH),
  )
  try {
    await mapBounded(batches, PARALLEL_REMOVALS, (batch, stop) => attempt(operator.remove(batch), stop, doing), signal)
  } catch (error) {
    checkAborted(signal, doing)
    throw error
  }
}

async function* listObjects(
  service: ObjectStoreService,
  operatorsOf: (authority: string) => Promise<BucketOperators>,
  prefix: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<FileStatus> {
  const doing = `listing ${prefix}`
  checkAborted(signal, doing)
  const { authority, key } = objectPlace(service, prefix)
  const { once, persistent } = await operatorsOf(authority)
  const asked = service.listedPrefix?.(key) ?? key
  const lister = await attempt(persistent.lister(asked, { recursive: true }), signal, doing)
  for (;;) {
    checkAborted(signal, doing)
    const entry: Entry | null = await attempt(lister.next(), signal, doing)
    if (entry === null) return
    const path = entry.path()
    if (path.endsWith('/') || !path.startsWith(key)) continue
    const listed = entry.metadata()
    const complete = listed.lastModified !== null && listed.contentLength !== null
    const metadata = complete ? listed : await attempt(once.stat(path), signal, doing)
    yield objectStatus(prefix + path.slice(key.length), metadata)
  }
}

function objectStatus(location: string, metadata: Metadata): FileStatus {
  const sizeBytes = Number(metadata.contentLength)
  const modifiedAt = Date.parse(metadata.lastModified ?? '') as EpochMs
  if (metadata.contentLength !== null && Number.isSafeInteger(sizeBytes) && Number.isSafeInteger(modifiedAt)) {
    return { location, sizeBytes, modifiedAt }
  }
  throw new MoraineError('unsupported', `the store of ${location} does not say how large it is and when it was written`)
}

function absent(location: string): never {
  throw new MoraineError('not-found', `reading ${location} failed: there is no such object`)
}

/** Not the view of a pool that a Buffer may be, nor a class that compares differently. */
function asBytes(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
}
