import { type ChildProcess, fork } from 'node:child_process'
import type { Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { Clock } from '@moraine/stdx/clock'
import { MoraineError } from '@moraine/stdx/error'
import type { ChildCommand, ChildLoad, ChildMessage, ChildReply, ParentMessage } from './child-protocol.ts'
import { duckDbError } from './duckdb-error.ts'

export type ChildOptions = {
  readonly clock: Clock
  /** A child that says nothing for so long is killed: its event loop hangs. */
  readonly silenceMs: number
  /** How long an interrupted command may take to stop before the child is killed. */
  readonly graceMs: number
}

/** The parent's end of one DuckDB child process. Runs one command at a time; once dead it stays dead. */
export class DuckDbChild {
  readonly #process: ChildProcess
  readonly #options: ChildOptions
  readonly #exited: Promise<string>
  #death: string | undefined
  #stderr = ''
  #nextId = 1
  #waiting: { readonly id: number; resolve(value: unknown): void; reject(error: unknown): void } | undefined
  #heard = 0
  #onProgress: ((fraction: number) => void) | undefined
  /** As of the last heartbeat. */
  load: ChildLoad = { cpuMs: 0, rssBytes: 0, peakRssBytes: 0 }

  constructor(options: ChildOptions) {
    this.#options = options
    this.#process = startProcess()
    // A pipe of a child process is a socket.
    const stderr = this.#process.stderr as Socket | null
    stderr?.on('data', (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString()).slice(-STDERR_KEPT)
    })
    stderr?.unref()
    this.#process.on('message', (message) => this.#hear(message as ChildMessage))
    this.#exited = new Promise((resolve) => {
      this.#process.once('error', (error) => resolve(this.#die(error.message)))
      this.#process.once('exit', (code, signal) => resolve(this.#die(signal ?? `exit code ${code}`)))
    })
  }

  /** `undefined` if the process could not be started. */
  get pid(): number | undefined {
    return this.#process.pid
  }

  get isAlive(): boolean {
    return this.#death === undefined
  }

  /**
   * Runs a command. When the signal aborts, the command is interrupted; if it does not stop in time, the child is
   * killed.
   *
   * @throws {MoraineError} what DuckDB said, by {@link duckDbError}; `unavailable` if the child dies or hangs
   */
  async command<C extends ChildCommand>(
    command: C,
    signal: AbortSignal,
    onProgress?: (fraction: number) => void,
  ): Promise<ChildReply[C['kind']]> {
    signal.throwIfAborted()
    const done = new AbortController()
    this.#onProgress = onProgress
    this.#process.ref()
    this.#process.channel?.ref()
    try {
      const reply = this.#request(command)
      void this.#guard(signal, done.signal)
      return await reply
    } catch (error) {
      signal.throwIfAborted()
      throw error
    } finally {
      done.abort()
      this.#onProgress = undefined
      this.rest()
    }
  }

  /** Lets the parent process end although this child lives. */
  rest(): void {
    this.#process.unref()
    this.#process.channel?.unref()
  }

  /** Ends the child at once and waits for its end. */
  async kill(): Promise<void> {
    if (this.isAlive) {
      this.#process.ref()
      this.#process.kill('SIGKILL')
    }
    await this.#exited
  }

  // The answer to one command is the answer to all its kind allows; the child keeps to the protocol.
  #request<C extends ChildCommand>(command: C): Promise<ChildReply[C['kind']]> {
    const id = this.#nextId
    this.#nextId += 1
    return new Promise((resolve, reject) => {
      this.#waiting = { id, resolve: resolve as (value: unknown) => void, reject }
      if (this.#death !== undefined) this.#fail(this.#deathError(this.#death))
      else this.#send({ type: 'command', id, command })
    })
  }

  #send(message: ParentMessage): void {
    this.#process.send(message, (error) => {
      if (error !== null) this.#die(error.message)
    })
  }

  #hear(message: ChildMessage): void {
    this.#heard += 1
    if (message.type === 'heartbeat') {
      this.load = message.load
      if (message.progress !== undefined) this.#onProgress?.(message.progress)
    } else if (message.type !== 'ready' && this.#waiting?.id === message.id) {
      const { resolve } = this.#waiting
      if (message.type === 'failed') this.#fail(duckDbError(message.message))
      else {
        this.#waiting = undefined
        resolve(message.value)
      }
    }
  }

  // Watches one command: for silence, and for an abort that the child does not obey in time.
  async #guard(signal: AbortSignal, done: AbortSignal): Promise<void> {
    const { clock, silenceMs, graceMs } = this.#options
    const silence = this.#watchSilence(clock, silenceMs, done)
    const abort = aborted(signal, done).then(async () => {
      if (done.aborted) return
      this.#send({ type: 'interrupt' })
      await clock.sleep(graceMs, done)
      this.#process.kill('SIGKILL')
    })
    await Promise.allSettled([silence, abort])
  }

  // Counts silent ticks instead of comparing times, so that a parent that was itself held up blames nobody.
  async #watchSilence(clock: Clock, silenceMs: number, done: AbortSignal): Promise<void> {
    const ticks = 10
    let silent = 0
    let heard = this.#heard
    while (silent < ticks) {
      await clock.sleep(silenceMs / ticks, done)
      silent = this.#heard === heard ? silent + 1 : 0
      heard = this.#heard
    }
    this.#death = `it was silent for ${silenceMs} ms and was killed`
    this.#process.kill('SIGKILL')
  }

  #die(cause: string): string {
    this.#death ??= cause
    this.#fail(this.#deathError(this.#death))
    return this.#death
  }

  #deathError(cause: string): MoraineError {
    const said = this.#stderr.trim()
    // It is with SIGKILL that a system that runs out of memory ends a process.
    const guess = cause === 'SIGKILL' ? '; if it happens again, the machine may lack memory' : ''
    return new MoraineError(
      'unavailable',
      `the DuckDB child process ended: ${cause}${said === '' ? '' : ` (${said})`}. Its task can be tried again${guess}`,
    )
  }

  #fail(error: MoraineError): void {
    this.#waiting?.reject(error)
    this.#waiting = undefined
  }
}

const STDERR_KEPT = 2000

/** What a child may know of its surroundings; credentials, above all, stay with the parent. */
export function childEnvironment(own: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    INHERITED.flatMap((name) => {
      const value = own[name]
      return value === undefined ? [] : [[name, value]]
    }),
  )
}

const INHERITED = ['PATH', 'LD_LIBRARY_PATH', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR', 'SystemRoot']

function startProcess(): ChildProcess {
  const isSource = import.meta.url.endsWith('.ts')
  const main = fileURLToPath(new URL(isSource ? './child-main.ts' : './child-main.js', import.meta.url))
  return fork(main, [], {
    // Nothing of the parent's own flags, a test runner's or an inspector's among them.
    execArgv: isSource ? ['--conditions=development'] : [],
    env: childEnvironment(process.env),
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
}

function aborted(signal: AbortSignal, done: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted || done.aborted) return resolve()
    const settle = () => {
      signal.removeEventListener('abort', settle)
      resolve()
    }
    signal.addEventListener('abort', settle, { once: true })
    done.addEventListener('abort', settle, { once: true })
  })
}
