import type { EpochMs } from '@moraine/stdx/brand'

/** One stored object. `location` is the absolute URI or path by which the caller knows it, unchanged. */
export type FileStatus = {
  readonly location: string
  readonly sizeBytes: number
  readonly modifiedAt: EpochMs
}

/** `exists`: an object was already there and create-only was asked for; nothing was written. */
export type WriteOutcome = 'written' | 'exists'

export type WriteOptions = {
  /** Refuse, atomically, to replace an existing object. Needs {@link FileIO.canCreateOnly}. */
  readonly createOnly?: boolean
  /**
   * Nobody knows the location yet, and nothing is there: a part may be visible until the write ends, or after a crash.
   * Where that saves time it is made use of.
   */
  readonly isUnreferenced?: boolean
}

/**
 * Where the bytes of tables live. Locations are absolute: `file:///a/b`, `/a/b`, `s3://bucket/key`.
 * Failures are `MoraineError`s: `not-found`, `permission`, `exhausted` (disk full), `unavailable` and `timeout`
 * (worth another try), `unsupported`, each naming the location. Every method ends soon after its signal aborts, with
 * the signal's reason if that is a `MoraineError`, else with `aborted`. A write that ends with `unavailable`, `timeout`
 * or `aborted` may have happened.
 */
export interface FileIO {
  /** The whole object. */
  read(location: string, signal?: AbortSignal): Promise<Uint8Array>

  /** Exactly `length` bytes from `offset`; an object too short for that is `corrupt`. */
  readRange(location: string, offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array>

  /** `undefined` if there is no such object. */
  stat(location: string, signal?: AbortSignal): Promise<FileStatus | undefined>

  /**
   * Writes the whole object, durably: after the promise resolves it survives a crash. Never leaves a part visible, unless
   * the location is said to be unreferenced.
   */
  write(location: string, bytes: Uint8Array, options?: WriteOptions, signal?: AbortSignal): Promise<WriteOutcome>

  /**
   * Starts a large object. It becomes visible, whole and durable, at `close`; `abort` leaves nothing behind. The signal
   * is the writer's too: once it aborts, `write` and `close` fail.
   */
  openWriter(location: string, options?: WriteOptions, signal?: AbortSignal): Promise<FileWriter>

  /** Removes objects; those that do not exist are no error. */
  remove(locations: readonly string[], signal?: AbortSignal): Promise<void>

  /**
   * All objects whose location starts with `prefix` (a directory ends with `/`), any depth, in no set order, paged.
   * Locations are spelled as `prefix` is. There is no error if nothing is there.
   */
  list(prefix: string, signal?: AbortSignal): AsyncIterable<FileStatus>

  /** Whether `createOnly` is atomic at this location's store. Where it is not, asking for it is `unsupported`. */
  canCreateOnly(location: string): boolean

  /** The path by which other programs on this machine can open the object, if there is one. */
  localPath?(location: string): string | undefined
}

/** Not for concurrent use: await each call before the next. A writer that is not closed must be aborted. */
export interface FileWriter {
  /** Adds bytes; the caller may reuse their memory once the promise resolves. After a failure only `abort` is left. */
  write(bytes: Uint8Array): Promise<void>
  close(): Promise<WriteOutcome>
  /** Gives up. Does nothing after a `close` that succeeded, or a second time. */
  abort(): Promise<void>
}
