import type { Clock } from '@moraine/stdx/clock'
import { type ErrorKind, MoraineError } from '@moraine/stdx/error'
import type { FileIO, FileStatus, FileWriter, WriteOutcome } from './file-io.ts'
import { delegate } from './file-io-calls.ts'
import { parseLocation } from './location.ts'

/** One finished operation on a store. A writer counts once, as a `write`, when it is closed or given up. */
export type FileIoEvent = {
  readonly operation: 'read' | 'stat' | 'write' | 'remove' | 'list'
  /** `file`, `s3`, ...; empty if the location is not usable. */
  readonly scheme: string
  readonly outcome: 'done' | ErrorKind
  /** Read or written. */
  readonly bytes: number
  /** Read, written, removed or listed. */
  readonly objects: number
  readonly durationMs: number
}

/** Takes events as they happen; must not throw. */
export type FileIoSink = { record(event: FileIoEvent): void }

/** Tells the sink of every operation. */
export function withMetrics(io: FileIO, sink: FileIoSink, clock: Pick<Clock, 'monotonicMs'>): FileIO {
  const start = (operation: FileIoEvent['operation'], location: string) => {
    const startedMs = clock.monotonicMs()
    return (outcome: FileIoEvent['outcome'], bytes: number, objects: number) =>
      sink.record({
        operation,
        scheme: schemeOf(location),
        outcome,
        bytes,
        objects,
        durationMs: clock.monotonicMs() - startedMs,
      })
  }
  const measure = async <T>(
    operation: FileIoEvent['operation'],
    location: string,
    run: () => Promise<T>,
    size: (result: T) => { readonly bytes?: number; readonly objects?: number },
  ): Promise<T> => {
    const end = start(operation, location)
    try {
      const result = await run()
      const { bytes = 0, objects = 1 } = size(result)
      end('done', bytes, objects)
      return result
    } catch (error) {
      end(kindOf(error), 0, 0)
      throw error
    }
  }
  const lengthOf = (bytes: Uint8Array) => ({ bytes: bytes.length })
  return {
    ...delegate(io),
    read: (location, signal) => measure('read', location, () => io.read(location, signal), lengthOf),
    readRange: (location, offset, length, signal) =>
      measure('read', location, () => io.readRange(location, offset, length, signal), lengthOf),
    stat: (location, signal) =>
      measure(
        'stat',
        location,
        () => io.stat(location, signal),
        () => ({}),
      ),
    write: (location, bytes, options, signal) =>
      measure(
        'write',
        location,
        () => io.write(location, bytes, options, signal),
        (outcome) => (outcome === 'written' ? lengthOf(bytes) : { objects: 0 }),
      ),
    openWriter: async (location, options, signal) => {
      const end = start('write', location)
      try {
        return measuredWriter(await io.openWriter(location, options, signal), end)
      } catch (error) {
        end(kindOf(error), 0, 0)
        throw error
      }
    },
    remove: (locations, signal) =>
      measure(
        'remove',
        locations[0] ?? '',
        () => io.remove(locations, signal),
        () => ({ objects: locations.length }),
      ),
    list: (prefix, signal) => measuredList(io.list(prefix, signal), start('list', prefix)),
  }
}

type End = (outcome: FileIoEvent['outcome'], bytes: number, objects: number) => void

function measuredWriter(writer: FileWriter, end: End): FileWriter {
  let sizeBytes = 0
  let ended = false
  const endOnce = (outcome: FileIoEvent['outcome'], written: WriteOutcome) => {
    if (ended) return
    ended = true
    end(outcome, written === 'written' ? sizeBytes : 0, written === 'written' ? 1 : 0)
  }
  const orEnd = async <T>(step: Promise<T>): Promise<T> => {
    try {
      return await step
    } catch (error) {
      endOnce(kindOf(error), 'exists')
      throw error
    }
  }
  return {
    write: async (bytes) => {
      await orEnd(writer.write(bytes))
      sizeBytes += bytes.length
    },
    close: async () => {
      const outcome = await orEnd(writer.close())
      endOnce('done', outcome)
      return outcome
    },
    abort: async () => {
      await writer.abort()
      endOnce('aborted', 'exists')
    },
  }
}

async function* measuredList(statuses: AsyncIterable<FileStatus>, end: End): AsyncGenerator<FileStatus> {
  let objects = 0
  let outcome: FileIoEvent['outcome'] = 'done'
  try {
    for await (const status of statuses) {
      objects += 1
      yield status
    }
  } catch (error) {
    outcome = kindOf(error)
    throw error
  } finally {
    end(outcome, 0, objects)
  }
}

function kindOf(error: unknown): ErrorKind {
  return error instanceof MoraineError ? error.kind : 'internal'
}

function schemeOf(location: string): string {
  try {
    return parseLocation(location).scheme
  } catch {
    return ''
  }
}
