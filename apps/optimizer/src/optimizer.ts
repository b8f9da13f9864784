import {
  AmoroErrorCode,
  ATTEMPT_PROPERTY,
  amoroException,
  HEARTBEAT_PROPERTY,
  type optimizeManager,
  PAYLOAD_VERSIONS_PROPERTY,
} from '@moraine/api/thrift/optimize-manager'
import type { Clock } from '@moraine/stdx/clock'
import { describeError, MoraineError } from '@moraine/stdx/error'
import type { ThriftClient } from '@moraine/thrift/client'

export type OptimizerOptions = {
  readonly client: ThriftClient<(typeof optimizeManager)['methods']>
  readonly group: string
  readonly threads: number
  readonly memoryMb: number
  /** Set by the container that launched this process. */
  readonly resourceId?: string
  readonly heartbeatIntervalMs: number
  /** How long running tasks may go on after a stop was asked for. */
  readonly drainTimeoutMs: number
  /** Executes one task, both sides as JSON. A failure it throws is reported as the attempt's. */
  readonly runTask: (input: string, signal: AbortSignal) => Promise<string>
  readonly clock: Clock
  readonly log: OptimizerLog
}

export type OptimizerLog = (message: string) => void

type RunningTask = {
  readonly processId: bigint
  readonly taskId: number
  readonly threadId: number
  readonly attempt: number
  readonly abort: AbortController
}

const RETRY_MS = 1000
const LONG_POLL_MS = 60_000
const DELIVER_TRIES = 60

/**
 * A worker without state: registers, keeps its registration alive, and in each thread polls for a task, executes it and
 * reports. Without a task it waits inside the poll, so that a queued one reaches it at once. When `stop` aborts it takes
 * no more tasks, lets the running ones end, and leaves.
 */
export async function runOptimizer(options: OptimizerOptions, stop: AbortSignal): Promise<void> {
  const session = new Session(options)
  const done = new AbortController()
  const heartbeat = keepAlive(session, options, done.signal)
  try {
    await Promise.race([
      heartbeat,
      Promise.all(
        Array.from({ length: options.threads }, (_, threadId) => runThread(session, threadId, options, stop)),
      ),
    ])
    await session.leave()
  } finally {
    done.abort()
    await heartbeat.catch(() => undefined)
  }
}

/** The registration, renewed whenever the service no longer knows it. */
class Session {
  readonly running = new Map<number, RunningTask>()
  readonly #options: OptimizerOptions
  #token: Promise<string> | undefined

  constructor(options: OptimizerOptions) {
    this.#options = options
  }

  /** Calls with the token; if the service does not know it, registers again and reports `undefined`. */
  async call<T>(ask: (authToken: string) => Promise<T>): Promise<{ readonly value: T } | undefined> {
    const token = this.#register()
    try {
      return { value: await ask(await token) }
    } catch (error) {
      if (amoroException.match(error)?.errorCode !== AmoroErrorCode.registerAgain) throw error
      if (this.#token === token) this.#token = undefined
      return undefined
    }
  }

  async leave(): Promise<void> {
    if (this.#token === undefined) return
    const authToken = await this.#token
    await this.#options.client
      .leave({ authToken })
      .catch((error: unknown) => this.#options.log(`leaving: ${describeError(error)}`))
  }

  #register(): Promise<string> {
    this.#token ??= this.#authenticate().catch((error: unknown) => {
      this.#token = undefined
      throw error
    })
    return this.#token
  }

  async #authenticate(): Promise<string> {
    const { client, clock, group, threads, memoryMb, resourceId, heartbeatIntervalMs, log } = this.#options
    const properties = new Map([
      [HEARTBEAT_PROPERTY, String(heartbeatIntervalMs)],
      [PAYLOAD_VERSIONS_PROPERTY, '1'],
    ])
    const registerInfo = {
      threadCount: threads,
      memoryMb,
      startTime: BigInt(clock.now()),
      groupName: group,
      properties,
      ...(resourceId !== undefined && { resourceId }),
    }
    const token = await client.authenticate({ registerInfo })
    if (token === undefined) throw new MoraineError('unavailable', 'the service gave no token')
    log(`registered in group ${group} with ${threads} threads`)
    return token
  }
}

// Ends only by throwing: when the service refuses this optimizer for good, or when `done` aborts.
async function keepAlive(session: Session, options: OptimizerOptions, done: AbortSignal): Promise<void> {
  const { client, clock, heartbeatIntervalMs, log } = options
  for (;;) {
    try {
      await session.call((authToken) => client.touch({ authToken }))
      await stopUnwanted(session, options)
    } catch (error) {
      const refused = amoroException.match(error)
      if (refused?.errorCode === AmoroErrorCode.forbidden || refused?.errorCode === AmoroErrorCode.objectNotExists) {
        throw new MoraineError('permission', `the service refuses this optimizer: ${refused.message}`)
      }
      log(`heartbeat: ${describeError(error)}`)
    }
    await clock.sleep(heartbeatIntervalMs, done)
  }
}

async function stopUnwanted(session: Session, { client, log }: OptimizerOptions): Promise<void> {
  const running = [...session.running.values()]
  if (running.length === 0) return
  const reports = running.map(({ processId, taskId, threadId, attempt }) => ({
    taskId: { processId, taskId },
    threadId,
    attempt,
  }))
  const answer = await session.call((authToken) => client.findUnwanted({ authToken, running: reports }))
  for (const { taskId, threadId } of answer?.value ?? []) {
    const task = session.running.get(threadId)
    if (task?.processId !== taskId.processId || task.taskId !== taskId.taskId) continue
    log(`task ${taskId.processId}/${taskId.taskId} is no longer wanted`)
    task.abort.abort(new MoraineError('aborted', 'the task is no longer wanted'))
  }
}

async function runThread(
  session: Session,
  threadId: number,
  options: OptimizerOptions,
  stop: AbortSignal,
): Promise<void> {
  const { client, clock, log } = options
  while (!stop.aborted) {
    try {
      const polled = await session.call((authToken) =>
        client.pollTask({ authToken, threadId }, { timeoutMs: LONG_POLL_MS, signal: stop }),
      )
      if (polled?.value !== undefined) await runAssigned(session, threadId, polled.value, options, stop)
    } catch (error) {
      if (stop.aborted) return
      log(`thread ${threadId}: ${describeError(error)}`)
      await clock.sleep(RETRY_MS, stop).catch(() => undefined)
    }
  }
}

type PolledTask = NonNullable<Awaited<ReturnType<OptimizerOptions['client']['pollTask']>>>

async function runAssigned(
  session: Session,
  threadId: number,
  task: PolledTask,
  options: OptimizerOptions,
  stop: AbortSignal,
): Promise<void> {
  const { client, log } = options
  const { taskId, taskInput, properties } = task
  const attempt = Number(properties?.get(ATTEMPT_PROPERTY) ?? 0)
  await session.call((authToken) => client.ackTask({ authToken, threadId, taskId }))
  const abort = new AbortController()
  session.running.set(threadId, { ...taskId, threadId, attempt, abort })
  const ended = await execute(Buffer.from(taskInput ?? []).toString('utf8'), abort, options, stop)
  log(`task ${taskId.processId}/${taskId.taskId}: ${'errorMessage' in ended ? ended.errorMessage : 'done'}`)
  try {
    await deliver(
      session,
      { taskId, threadId, summary: new Map([[ATTEMPT_PROPERTY, String(attempt)]]), ...ended },
      options,
    )
  } finally {
    session.running.delete(threadId)
  }
}

type Ended = { readonly taskOutput: Uint8Array } | { readonly errorMessage: string }

async function execute(
  input: string,
  abort: AbortController,
  { runTask, clock, drainTimeoutMs }: OptimizerOptions,
  stop: AbortSignal,
): Promise<Ended> {
  const finished = new AbortController()
  // After a stop the task may go on for a while; then it is aborted, and the service gives it to somebody else.
  const onStop = () => {
    void clock.sleep(drainTimeoutMs, finished.signal).then(
      () => abort.abort(new MoraineError('aborted', 'the optimizer is stopping')),
      () => undefined,
    )
  }
  stop.addEventListener('abort', onStop, { once: true, signal: finished.signal })
  try {
    return { taskOutput: Buffer.from(await runTask(input, abort.signal)) }
  } catch (error) {
    return { errorMessage: describeError(error) }
  } finally {
    finished.abort()
  }
}

/** Tries until the service has accepted or refused the result; after a minute of silence it will have given the task away. */
async function deliver(
  session: Session,
  taskResult: Parameters<OptimizerOptions['client']['completeTask']>[0]['taskResult'],
  options: OptimizerOptions,
): Promise<void> {
  const { client, clock, log } = options
  for (let tries = 1; ; tries += 1) {
    try {
      const answer = await session.call((authToken) => client.completeTask({ authToken, taskResult }))
      if (answer === undefined) log('the result is dropped: the service no longer knows this optimizer')
      return
    } catch (error) {
      const refused = amoroException.match(error)
      if (refused !== undefined) return log(`the result was refused: ${refused.message}`)
      if (tries >= DELIVER_TRIES) return log(`the result could not be delivered: ${describeError(error)}`)
      await clock.sleep(RETRY_MS)
    }
  }
}
