import { AmoroErrorCode, ATTEMPT_PROPERTY, amoroException, isRetryableCode } from '@moraine/api/thrift/optimize-manager'
import type { Clock } from '@moraine/stdx/clock'
import { describeError, MoraineError } from '@moraine/stdx/error'
import type { OptimizerClient, OptimizerLog, Session } from './session.ts'

export type AttemptOptions = {
  readonly client: OptimizerClient
  /** Executes one task, both sides as JSON. A failure it throws is reported as the attempt's. */
  readonly runTask: (input: string, signal: AbortSignal) => Promise<string>
  /** How long a running task may go on after a stop was asked for. */
  readonly drainTimeoutMs: number
  readonly clock: Clock
  readonly log: OptimizerLog
}

export type PolledTask = NonNullable<Awaited<ReturnType<OptimizerClient['pollTask']>>>

/** What a thread works on, so that it can be told to stop. */
export type RunningAttempt = {
  readonly taskId: PolledTask['taskId']
  readonly threadId: number
  abort(reason: Error): void
}

/** It was taken back, or canceled, between the answer of the poll and the acknowledgement. */
const ENDED_MEANWHILE: ReadonlySet<number> = new Set([AmoroErrorCode.illegalTaskState, AmoroErrorCode.taskNotFound])
const RETRY_MS = 1000
/** A service that was away for so long is not waited for any more; it will have given the task to somebody else. */
const DELIVERY_MS = 10 * 60_000

/**
 * Acknowledges a task, executes it and delivers what came of it, until the service has accepted or refused it. Never
 * throws because of the task: its failure is a result like any other.
 */
export async function runAttempt(
  session: Session,
  threadId: number,
  task: PolledTask,
  running: Map<number, RunningAttempt>,
  options: AttemptOptions,
  stop: AbortSignal,
): Promise<void> {
  const { client, log } = options
  const { taskId } = task
  const name = `task ${taskId.processId}/${taskId.taskId}`
  const refusal = await acknowledge(session, threadId, taskId, client)
  if (refusal !== undefined) return log(`${name} is not begun: ${refusal}`)
  const abort = new AbortController()
  const ended = abortAfterStop(abort, options, stop)
  running.set(threadId, { taskId, threadId, abort: (reason) => abort.abort(reason) })
  try {
    const end = await execute(task, options, abort.signal)
    if (end === 'given-up') return log(`${name} is given up`)
    log(`${name}: ${'errorMessage' in end ? end.errorMessage : 'done'}`)
    const summary = new Map([[ATTEMPT_PROPERTY, String(taskId.attempt)]])
    await deliver(session, { taskId, threadId, summary, ...end }, name, options, abort.signal)
  } finally {
    running.delete(threadId)
    ended()
  }
}

/** Why the task is not to be executed, if it is not. */
async function acknowledge(
  session: Session,
  threadId: number,
  taskId: PolledTask['taskId'],
  client: AttemptOptions['client'],
): Promise<string | undefined> {
  try {
    const answer = await session.call((authToken) => client.ackTask({ authToken, threadId, taskId }))
    return answer === undefined ? 'the service has forgotten this optimizer' : undefined
  } catch (error) {
    const refused = amoroException.match(error)
    if (refused === undefined || !ENDED_MEANWHILE.has(refused.errorCode)) throw error
    return refused.message
  }
}

/** After a stop the attempt may go on for a while; then it is aborted, and the service gives the task to somebody else. */
function abortAfterStop(
  abort: AbortController,
  { clock, drainTimeoutMs }: AttemptOptions,
  stop: AbortSignal,
): () => void {
  const ended = new AbortController()
  const onStop = () => {
    clock.sleep(drainTimeoutMs, ended.signal).then(
      () => abort.abort(new MoraineError('aborted', 'the optimizer is stopping')),
      () => undefined,
    )
  }
  if (stop.aborted) onStop()
  else stop.addEventListener('abort', onStop, { once: true, signal: ended.signal })
  return () => ended.abort()
}

type AttemptEnd = { readonly taskOutput: Uint8Array } | { readonly errorMessage: string }

/** `given-up`: it was aborted, which is no failure of the task. */
async function execute(
  { taskInput }: PolledTask,
  { runTask }: AttemptOptions,
  signal: AbortSignal,
): Promise<AttemptEnd | 'given-up'> {
  try {
    return { taskOutput: Buffer.from(await runTask(Buffer.from(taskInput ?? []).toString('utf8'), signal)) }
  } catch (error) {
    return signal.aborted ? 'given-up' : { errorMessage: describeError(error) }
  }
}

async function deliver(
  session: Session,
  taskResult: Parameters<OptimizerClient['completeTask']>[0]['taskResult'],
  name: string,
  { client, clock, log }: AttemptOptions,
  signal: AbortSignal,
): Promise<void> {
  const until = clock.monotonicMs() + DELIVERY_MS
  for (;;) {
    try {
      const answer = await session.call((authToken) => client.completeTask({ authToken, taskResult }, { signal }))
      if (answer === undefined) log(`${name}: the result is dropped, the service has forgotten this optimizer`)
      return
    } catch (error) {
      const refused = amoroException.match(error)
      if (refused !== undefined && !isRetryableCode(refused.errorCode)) {
        return log(`${name}: the result is refused: ${refused.message}`)
      }
      if (signal.aborted || clock.monotonicMs() >= until) {
        return log(`${name}: the result is given up: ${describeError(error)}`)
      }
      await clock.sleep(RETRY_MS, signal).catch(() => undefined)
    }
  }
}
