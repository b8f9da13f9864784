import { join } from 'node:path'
import type { Clock } from '@moraine/stdx/clock'
import { MoraineError } from '@moraine/stdx/error'
import { makeDirectories } from '@moraine/storage/make-directories'
import type { ChildLoad, SqlRow } from './child-protocol.ts'
import { DuckDbChild } from './duckdb-child.ts'

export type DuckDbPoolOptions = {
  readonly clock: Clock
  /** How many children may run at once; one per core. */
  readonly size: number
  /** DuckDB's limit for one task. The process needs about 230 MB more. */
  readonly memoryLimitBytes?: number
  /** A child is replaced after this many tasks, and earlier if it grew: DuckDB's memory is not all given back. */
  readonly tasksPerChild?: number
  readonly silenceMs?: number
  readonly graceMs?: number
}

/** What one task may ask of its DuckDB child; only valid inside {@link DuckDbPool.withSession}. */
export type DuckDbSession = {
  run(sql: string): Promise<void>
  /** A small result. `onProgress` hears fractions from 0 to 1. */
  query(sql: string, onProgress?: (fraction: number) => void): Promise<readonly SqlRow[]>
  /** Appends to a table whose one column is a BIGINT. */
  appendKeys(table: string, keys: BigInt64Array): Promise<void>
  /** One BIGINT column without nulls. */
  readKeys(sql: string): Promise<BigInt64Array>
}

/** What a task cost its child. The peak counts from the start of the process: a child that served before may have a higher one. */
export type SessionCost = { readonly cpuMs: number; readonly peakRssBytes: number }

const DEFAULT_MEMORY_LIMIT_BYTES = 512 * 1024 * 1024

const DEFAULT_TASKS_PER_CHILD = 8
const DEFAULT_SILENCE_MS = 30_000
const DEFAULT_GRACE_MS = 5_000
// Of a process beyond DuckDB's limit, at which it counts as grown: its code, V8, and what DuckDB does not count.
const RSS_ALLOWANCE_BYTES = 384 * 1024 * 1024

type Slot = { child: DuckDbChild | undefined; tasks: number }

/**
 * A fixed number of places for DuckDB child processes, filled when first needed. A place serves one task at a time; a
 * child that dies fails its task and is replaced for the next.
 */
export class DuckDbPool {
  readonly memoryLimitBytes: number
  readonly #clock: Clock
  readonly #tasksPerChild: number
  readonly #silenceMs: number
  readonly #graceMs: number
  readonly #idle: Slot[]
  readonly #queue: ((slot: Slot) => void)[] = []
  readonly #children = new Set<DuckDbChild>()
  #closed = false

  constructor(options: DuckDbPoolOptions) {
    this.memoryLimitBytes = options.memoryLimitBytes ?? DEFAULT_MEMORY_LIMIT_BYTES
    this.#clock = options.clock
    this.#tasksPerChild = options.tasksPerChild ?? DEFAULT_TASKS_PER_CHILD
    this.#silenceMs = options.silenceMs ?? DEFAULT_SILENCE_MS
    this.#graceMs = options.graceMs ?? DEFAULT_GRACE_MS
    this.#idle = Array.from({ length: options.size }, () => ({ child: undefined, tasks: 0 }))
  }

  /**
   * Runs `work` with a database of its own, which reads and writes below `taskDirectory` only. The directory and what is
   * in it remain the caller's to remove, once this has settled: then no process touches it any more.
   */
  async withSession<T>(
    taskDirectory: string,
    work: (session: DuckDbSession) => Promise<T>,
    signal: AbortSignal,
  ): Promise<{ readonly value: T; readonly cost: SessionCost }> {
    const slot = await this.#acquire(signal)
    try {
      return await this.#serve(slot, taskDirectory, work, signal)
    } finally {
      await this.#retireIfWorn(slot)
      this.#release(slot)
    }
  }

  /** Kills all children; sessions that run fail as `unavailable`. */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.all([...this.#children].map((child) => child.kill()))
  }

  async #serve<T>(
    slot: Slot,
    taskDirectory: string,
    work: (session: DuckDbSession) => Promise<T>,
    signal: AbortSignal,
  ): Promise<{ readonly value: T; readonly cost: SessionCost }> {
    const child = this.#childOf(slot)
    slot.tasks += 1
    try {
      await makeDirectories(join(taskDirectory, 'spill'))
      const before = await child.command(
        { kind: 'open', taskDirectory, memoryLimitBytes: this.memoryLimitBytes },
        signal,
      )
      const value = await work(sessionOf(child, signal))
      const after = await child.command({ kind: 'close' }, signal)
      return { value, cost: costOf(before, after) }
    } catch (error) {
      // A statement that failed or was interrupted leaves the child well. If it is not, its database and its open files
      // go with the process.
      await child.command({ kind: 'close' }, NEVER).catch(() => child.kill())
      throw error
    }
  }

  #childOf(slot: Slot): DuckDbChild {
    if (this.#closed) throw new MoraineError('unavailable', 'the pool of DuckDB children is closed')
    if (slot.child?.isAlive) return slot.child
    const child = new DuckDbChild({ clock: this.#clock, silenceMs: this.#silenceMs, graceMs: this.#graceMs })
    this.#children.add(child)
    slot.child = child
    slot.tasks = 0
    return child
  }

  async #retireIfWorn(slot: Slot): Promise<void> {
    const { child } = slot
    if (child === undefined) return
    const isWorn =
      slot.tasks >= this.#tasksPerChild || child.load.rssBytes > this.memoryLimitBytes + RSS_ALLOWANCE_BYTES
    if (isWorn) await child.kill()
    if (!child.isAlive) {
      this.#children.delete(child)
      slot.child = undefined
    }
  }

  #acquire(signal: AbortSignal): Promise<Slot> {
    signal.throwIfAborted()
    const slot = this.#idle.pop()
    if (slot !== undefined) return Promise.resolve(slot)
    return new Promise((resolve, reject) => {
      const onSlot = (free: Slot) => {
        signal.removeEventListener('abort', onAbort)
        resolve(free)
      }
      const onAbort = () => {
        this.#queue.splice(this.#queue.indexOf(onSlot), 1)
        reject(signal.reason as Error)
      }
      this.#queue.push(onSlot)
      signal.addEventListener('abort', onAbort, { once: true })
    })
  }

  #release(slot: Slot): void {
    const next = this.#queue.shift()
    if (next === undefined) this.#idle.push(slot)
    else next(slot)
  }
}

const NEVER = new AbortController().signal

function sessionOf(child: DuckDbChild, signal: AbortSignal): DuckDbSession {
  return {
    run: (sql) => child.command({ kind: 'run', sql }, signal),
    query: (sql, onProgress) => child.command({ kind: 'query', sql }, signal, onProgress),
    appendKeys: (table, keys) => child.command({ kind: 'append-keys', table, keys }, signal),
    readKeys: (sql) => child.command({ kind: 'read-keys', sql }, signal),
  }
}

function costOf(before: ChildLoad, after: ChildLoad): SessionCost {
  return { cpuMs: after.cpuMs - before.cpuMs, peakRssBytes: after.peakRssBytes }
}
