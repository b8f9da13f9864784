import { availableParallelism } from 'node:os'
import type { TableEvaluation } from '@moraine/management/records/table-evaluation'
import type { PlannedWork } from '@moraine/management/table-work/table-maintenance'
import type { Clock } from '@moraine/stdx/clock'
import type { Log } from '../../service/log.ts'
import type { Service } from '../../service/service.ts'
import type { PointedTable, TableReading } from './table-reading.ts'
import { type ReadingThread, readingThread } from './thread-handle.ts'

export type ReadingThreadsOptions = {
  readonly threads: number
  /** As of `ReadingOptions`. */
  readonly tableBytes: number
  readonly clock: Clock
  readonly log: Log
}

/** Of all threads together: some 3 million files; a table that does not fit is read anew at each look. */
const INDEX_BYTES = 128 * 1024 * 1024

/**
 * Reads in threads of their own, so that a large table keeps nobody else waiting who is served by this process. A table is always
 * read by the same thread, which remembers it. Threads begin with the first table; one that dies fails what it was
 * reading as `unavailable`, and another begins with the next table.
 */
export function readingThreads({ threads, ...surroundings }: ReadingThreadsOptions): TableReading & Service {
  const all: readonly ReadingThread[] = Array.from({ length: threads }, () =>
    readingThread({ ...surroundings, indexBytes: INDEX_BYTES / threads }),
  )
  const threadOf = ({ table }: PointedTable) => {
    const thread = all[hashOf([table.catalog, ...table.namespace, table.name].join('\n')) % threads]
    if (thread === undefined) throw new RangeError(`${threads} threads`)
    return thread
  }
  return {
    name: 'table reading',
    // Threads begin as they are needed.
    start: async () => undefined,
    async stop() {
      await Promise.all(all.map((thread) => thread.stop()))
    },
    evaluate: (table, terms, signal) =>
      threadOf(table).ask<TableEvaluation>({ kind: 'evaluate', table, terms }, signal),
    plan: (table, terms, signal) => threadOf(table).ask<PlannedWork>({ kind: 'plan', table, terms }, signal),
  }
}

/** As many as there are cores beside the one that serves. */
export function spareThreads(): number {
  return Math.max(1, Math.min(THREADS_ENOUGH, availableParallelism() - 1))
}

/** Each takes some 50 MB, and reads hundreds of tables a second. */
const THREADS_ENOUGH = 4

/** FNV-1a, of 32 bits: the same for the same text. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return hash >>> 0
}
