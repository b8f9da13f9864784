import type { Clock } from '@moraine/stdx/clock'
import type { Random } from '@moraine/stdx/random'
import type { FileIO } from '@moraine/storage/file-io'
import type { DuckDbPool } from './duckdb/duckdb-pool.ts'

/** What the executor of tasks is given by the process it runs in. */
export type TaskContext = {
  readonly io: FileIO
  /** A local directory for the directories of tasks; each is removed when its task ends, however it ends. */
  readonly workDir: string
  readonly pool: DuckDbPool
  readonly random: Random
  readonly clock: Clock
  readonly signal: AbortSignal
  /** A task that takes longer is stopped: nothing may hang on a damaged file. */
  readonly timeoutMs: number
  readonly onProgress: (progress: TaskProgress) => void
}

/** `fraction` is of the phase, from 0 to 1; phases follow one another in this order, some may be left out. */
export type TaskProgress = {
  readonly phase: 'staging' | 'writing' | 'verifying' | 'publishing'
  readonly fraction: number
}
