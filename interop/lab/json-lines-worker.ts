import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { systemClock } from '@moraine/stdx/clock'
import { MoraineError } from '@moraine/stdx/error'
import { formatExactJson, type JsonObject, type JsonValue, parseExactJson } from '@moraine/stdx/exact-json'
import { type JsonRecord, optional, record, required, safeInteger, text } from '@moraine/stdx/exact-json-decode'

/** `unavailable`: a component cannot be fetched here (exit code 75 of the lab's scripts). Suites then skip and say why. */
export type Started<T> =
  | { readonly kind: 'started'; readonly engine: T }
  | { readonly kind: 'unavailable'; readonly why: string }

type FirstWord =
  | { readonly kind: 'ready'; readonly facts: JsonRecord }
  | { readonly kind: 'ended'; readonly code: number }
type Pending = { readonly resolve: (value: JsonValue) => void; readonly reject: (error: Error) => void }

/** How a script of the lab ends when a component cannot be fetched here. */
export const EXIT_UNAVAILABLE = 75
const STDERR_KEPT = 4_000
const STOP_WITHIN_MS = 30_000

/**
 * Starts a worker that answers JSON lines (json_lines.py) in a process group of its own, and waits until it is ready.
 * The first start may install the engine, which takes minutes. `script` is a file name in this folder.
 *
 * @throws {MoraineError} `unavailable` with the end of its stderr if it dies; the signal's reason if that aborts.
 */
export async function startWorker(
  script: string,
  args: readonly string[],
  signal?: AbortSignal,
): Promise<Started<JsonLinesWorker>> {
  signal?.throwIfAborted()
  const worker = new JsonLinesWorker(script, args)
  const kill = () => worker.kill()
  signal?.addEventListener('abort', kill, { once: true })
  const first = await worker.firstWord
  signal?.removeEventListener('abort', kill)
  if (first.kind === 'ready') return { kind: 'started', engine: worker }
  signal?.throwIfAborted()
  if (first.code === EXIT_UNAVAILABLE) return { kind: 'unavailable', why: worker.lastStderrLine() }
  throw worker.goneError()
}

export class JsonLinesWorker {
  readonly firstWord: Promise<FirstWord>
  readonly #name: string
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>
  readonly #pending = new Map<number, Pending>()
  readonly #ended: Promise<number>
  #stderr = ''
  #lastId = 0

  constructor(script: string, args: readonly string[]) {
    this.#name = script
    const path = new URL(script, import.meta.url).pathname
    this.#child = spawn(path, args, { detached: true, stdio: ['pipe', 'pipe', 'pipe'] })
    const kill = () => this.kill()
    process.once('exit', kill)
    this.#child.stdin.on('error', () => {}) // it has gone: `close` says so
    this.#child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      this.#stderr = (this.#stderr + chunk).slice(-STDERR_KEPT)
    })
    this.#ended = new Promise((resolve) => {
      this.#child.on('error', (error) => {
        this.#stderr += error.message
        resolve(-1)
      })
      this.#child.on('close', (code) => resolve(code ?? -1))
    })
    this.firstWord = new Promise((resolve) => {
      createInterface({ input: this.#child.stdout }).on('line', (line) => this.#settle(line, resolve))
      void this.#ended.then((code) => {
        process.off('exit', kill)
        resolve({ kind: 'ended', code })
        for (const { reject } of this.#pending.values()) reject(this.goneError())
        this.#pending.clear()
      })
    })
  }

  /** Rejects with `internal` and the worker's message if the operation fails; at once if the signal aborts. */
  async request(operation: JsonObject, signal?: AbortSignal): Promise<JsonValue> {
    signal?.throwIfAborted()
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) throw this.goneError()
    this.#lastId += 1
    const id = this.#lastId
    const { promise, resolve, reject } = Promise.withResolvers<JsonValue>()
    const onAbort = () => {
      this.#send({ cancel: id })
      this.#pending.delete(id)
      reject(signal?.reason as Error)
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    this.#pending.set(id, { resolve, reject })
    this.#send({ id, ...operation })
    return promise.finally(() => signal?.removeEventListener('abort', onAbort))
  }

  /** Lets it finish what it does and end; kills its process group after half a minute. May be called twice. */
  async stop(): Promise<void> {
    this.#child.stdin.end()
    const timer = new AbortController()
    const deadline = systemClock.sleep(STOP_WITHIN_MS, timer.signal).then(
      () => this.kill(),
      () => {}, // it ended in time
    )
    await this.#ended
    timer.abort()
    await deadline
    this.kill()
  }

  /** Kills the whole process group at once. */
  kill(): void {
    if (this.#child.pid === undefined) return
    try {
      process.kill(-this.#child.pid, 'SIGKILL')
    } catch {
      // the group is gone
    }
  }

  goneError(): MoraineError {
    return new MoraineError('unavailable', `${this.#name} has ended: ${this.#stderr.trim()}`)
  }

  lastStderrLine(): string {
    return this.#stderr.trim().split('\n').at(-1) ?? ''
  }

  #send(message: JsonObject): void {
    this.#child.stdin.write(`${formatExactJson(message)}\n`)
  }

  #settle(line: string, ready: (first: FirstWord) => void): void {
    const message = record(parseExactJson(line, this.#name), { document: this.#name, kind: 'corrupt' })
    const facts = optional(message, 'ready', record)
    if (facts) {
      ready({ kind: 'ready', facts })
      return
    }
    const id = required(message, 'id', safeInteger)
    const pending = this.#pending.get(id)
    this.#pending.delete(id)
    const error = optional(message, 'error', text)
    if (error === undefined) pending?.resolve(message.object['result'] ?? null)
    else pending?.reject(new MoraineError('internal', `${this.#name}: ${error}`))
  }
}
