import { Worker } from 'node:worker_threads'
import { formatTableName } from '@moraine/management/records/table-name'
import { abortError, checkAborted } from '@moraine/stdx/abort'
import type { Clock } from '@moraine/stdx/clock'
import { describeError, MoraineError } from '@moraine/stdx/error'
import type { Log } from '../../service/log.ts'
import type { ReadingThreadData } from './reading-thread.ts'
import { type FromThread, fromSent, type ToThread } from './thread-messages.ts'

type Unnumbered<Order> = Order extends unknown ? Omit<Order, 'id'> : never
/** What a thread is asked for. */
export type ThreadOrder = Unnumbered<Exclude<ToThread, { kind: 'call-off' }>>

/** One thread that reads tables, begun with the first order, and anew with the next one after it died. */
export type ReadingThread = {
  /**
   * @throws {MoraineError} `unavailable` if the thread dies meanwhile
   */
  ask<Made>(order: ThreadOrder, signal: AbortSignal): Promise<Made | undefined>
  /** What is under way fails; nothing of the thread runs afterwards. */
  stop(): Promise<void>
}

export type ReadingThreadOptions = ReadingThreadData & {
  readonly clock: Pick<Clock, 'sleep'>
  readonly log: Log
  /** The script that the thread runs; another one in tests alone. */
  readonly script?: URL
}

/** How long a thread may be busy with what was called off. One that heeds nothing would keep all its tables waiting. */
const CALL_OFF_MS = 60_000

export function readingThread(options: ReadingThreadOptions): ReadingThread {
  let running: RunningThread | undefined
  let isStopped = false
  const current = () => {
    if (isStopped) throw new MoraineError('aborted', 'the service stops')
    if (running === undefined || running.isDead()) running = new RunningThread(options)
    return running
  }
  return {
    ask: async <Made>(order: ThreadOrder, signal: AbortSignal) =>
      (await current().ask(order, signal)) as Made | undefined,
    async stop() {
      isStopped = true
      await running?.end(new MoraineError('aborted', 'the service stops'))
    },
  }
}

type Waiting = { readonly resolve: (made: unknown) => void; readonly reject: (error: Error) => void }

/** From its beginning until it is ended or dies. */
class RunningThread {
  readonly #worker: Worker
  readonly #options: ReadingThreadOptions
  readonly #waiting = new Map<number, Waiting>()
  /** What was called off and is not answered yet; the time that it has ends with these. */
  readonly #calledOff = new Map<number, AbortController>()
  #last = 0
  #isDead = false

  constructor(options: ReadingThreadOptions) {
    const { script = SCRIPT, indexBytes, tableBytes, log } = options
    this.#options = options
    const workerData: ReadingThreadData = { indexBytes, tableBytes }
    this.#worker = new Worker(script, { workerData, name: 'table reading' })
    // It keeps no process alive.
    this.#worker.unref()
    this.#worker.on('message', (answer: FromThread) => this.#take(answer))
    this.#worker.on('error', (error) => {
      if (this.#isDead) return
      log.error({ failure: describeError(error) }, 'a thread that reads tables died; another begins')
      this.#die(threadLost(describeError(error)))
    })
    this.#worker.on('exit', () => this.#die(threadLost('it ended')))
  }

  isDead(): boolean {
    return this.#isDead
  }

  ask(order: ThreadOrder, signal: AbortSignal): Promise<unknown> {
    const what = formatTableName(order.table.table)
    const doing = `reading ${what}`
    checkAborted(signal, doing)
    this.#last += 1
    const id = this.#last
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#waiting.delete(id)
        this.#callOff(id, what)
        reject(abortError(signal, doing))
      }
      const settled =
        <T>(settle: (value: T) => void) =>
        (value: T) => {
          signal.removeEventListener('abort', onAbort)
          settle(value)
        }
      // First: what cannot be sent leaves nothing behind. Its answer comes in another turn.
      this.#tell({ ...order, id })
      signal.addEventListener('abort', onAbort, { once: true })
      this.#waiting.set(id, { resolve: settled(resolve), reject: settled(reject) })
    })
  }

  async end(reason: MoraineError): Promise<void> {
    this.#die(reason)
    await this.#worker.terminate()
  }

  #tell(message: ToThread): void {
    this.#worker.postMessage(message)
  }

  #take(answer: FromThread): void {
    this.#calledOff.get(answer.id)?.abort(DONE)
    this.#calledOff.delete(answer.id)
    const asker = this.#waiting.get(answer.id)
    this.#waiting.delete(answer.id)
    if ('failure' in answer) asker?.reject(fromSent(answer.failure))
    else asker?.resolve(answer.made)
  }

  #callOff(id: number, table: string): void {
    const { clock, log } = this.#options
    this.#tell({ kind: 'call-off', id })
    const grace = new AbortController()
    this.#calledOff.set(id, grace)
    clock.sleep(CALL_OFF_MS, grace.signal).then(
      () => {
        log.error({ table }, 'a thread that reads tables is stuck; it is ended, and another begins')
        return this.end(threadLost('it was stuck'))
      },
      () => undefined,
    )
  }

  #die(reason: MoraineError): void {
    this.#isDead = true
    for (const { reject } of this.#waiting.values()) reject(reason)
    this.#waiting.clear()
    for (const grace of this.#calledOff.values()) grace.abort(DONE)
    this.#calledOff.clear()
  }
}

const SCRIPT = new URL(import.meta.url.endsWith('.ts') ? './reading-thread.ts' : './reading-thread.js', import.meta.url)
// Made once: an abort without a reason makes an error with a stack each time.
const DONE = new Error('done')

function threadLost(why: string): MoraineError {
  return new MoraineError('unavailable', `the thread that read the table is gone: ${why}; the table is read again`)
}
