import { describeError } from '@moraine/stdx/error'
import type { Log } from './log.ts'

/** Work in flight, at most one of a key, at most `limit` in all. Jobs handle what they expect; the rest is logged. */
export type Jobs<Key> = {
  has(key: Key): boolean
  readonly size: number
  readonly free: number
  /** Starts the job; the key must be free. When it ends, `onEnd` runs, the key being free again. */
  start(key: Key, job: () => Promise<void>): void
  /** Ends when no job is in flight. */
  drain(): Promise<void>
}

export function boundedJobs<Key>(options: {
  readonly name: string
  readonly limit: number
  readonly log: Log
  readonly onEnd: () => void
}): Jobs<Key> {
  const running = new Map<Key, Promise<void>>()
  return {
    has: (key) => running.has(key),
    get size() {
      return running.size
    },
    get free() {
      return Math.max(0, options.limit - running.size)
    },
    start(key, job) {
      const ended = job()
        .catch((error: unknown) => {
          options.log.error({ job: options.name, key, failure: describeError(error) }, 'a job failed')
        })
        .then(() => {
          running.delete(key)
          options.onEnd()
        })
      running.set(key, ended)
    },
    async drain() {
      while (running.size > 0) await Promise.allSettled(running.values())
    },
  }
}
