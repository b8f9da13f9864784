import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { ResourceId } from '@moraine/lifecycle/identity'
import { checkOrder } from '@moraine/management/resources/check-order'
import type { Container, Launched, LaunchOrder } from '@moraine/management/resources/container'
import { checkAborted } from '@moraine/stdx/abort'
import type { Clock } from '@moraine/stdx/clock'
import { describeError, MoraineError } from '@moraine/stdx/error'

export type LocalContainerOptions = {
  readonly name: string
  /** Program and arguments that start one optimizer, which goes when its standard input ends; never a shell line. */
  readonly command: (order: LaunchOrder) => Command
  /** Of this process. */
  readonly environment: NodeJS.ProcessEnv
  /** Of the optimizers, besides those of this process. */
  readonly variables: Readonly<Record<string, string>>
  /** A process ended. */
  readonly onChanged: () => void
  readonly clock: Pick<Clock, 'sleep'>
}

export type Command = readonly [string, ...string[]]

/** With the value of this variable the optimizer registers. */
const RESOURCE_ID_VARIABLE = 'MORAINE_RESOURCE_ID'
const GROUP_SECRET_VARIABLE = 'MORAINE_GROUP_SECRET'
const LOG_LEVEL_VARIABLE = 'MORAINE_LOG_LEVEL'

const STOP_WITHIN_MS = 20_000

type Running = {
  readonly child: ChildProcess
  /** How it ended, once it has. */
  end: string | undefined
  /** Once it is told to stop: when it has. */
  stopped: Promise<void> | undefined
}

/** Optimizers as processes beside the service (Amoro's `LocalOptimizerContainer`), which go when the service goes. */
export function localContainer(options: LocalContainerOptions): Container {
  const { name, onChanged, clock } = options
  const running = new Map<ResourceId, Running>()
  let isClosed = false

  const stop = (resourceId: ResourceId, one: Running): Promise<void> => {
    one.stopped ??= stopProcess(one, clock).then(() => void running.delete(resourceId))
    return one.stopped
  }
  return {
    name,
    async launch(order, signal) {
      checkOrder(order)
      checkAborted(signal, `container ${name}: launching ${order.resourceId}`)
      if (isClosed) throw new MoraineError('unavailable', `container ${name} is closed: the service stops`)
      if (running.has(order.resourceId)) return
      const one: Running = { child: startProcess(order, options), end: undefined, stopped: undefined }
      running.set(order.resourceId, one)
      one.child.once('exit', (code, killer) => {
        one.end = `its process ended: ${killer ?? `exit code ${code}`}`
        if (one.stopped === undefined) onChanged()
      })
      await started(one.child).catch((error: unknown) => {
        running.delete(order.resourceId)
        throw new MoraineError('unavailable', `container ${name}: ${order.resourceId} is not started`, { cause: error })
      })
    },
    async release(resourceId) {
      const one = running.get(resourceId)
      if (one !== undefined) void stop(resourceId, one)
    },
    list: async () => [...running].map(([resourceId, one]) => launchedOf(resourceId, one)),
    async close() {
      isClosed = true
      await Promise.all([...running].map(([resourceId, one]) => stop(resourceId, one)))
    },
  }
}

function launchedOf(resourceId: ResourceId, { end, stopped }: Running): Launched {
  const isGone = end !== undefined && stopped === undefined
  return { resourceId, condition: isGone ? 'gone' : 'running', detail: end }
}

function startProcess(
  order: LaunchOrder,
  { name, command, environment, variables }: LocalContainerOptions,
): ChildProcess {
  const [program, ...args] = command(order)
  const { resourceId, groupSecret } = order
  const own = {
    ...variables,
    [RESOURCE_ID_VARIABLE]: resourceId,
    ...(groupSecret !== undefined && { [GROUP_SECRET_VARIABLE]: groupSecret }),
  }
  try {
    // Its standard input is a pipe of ours: when that ends, however we ended, the optimizer goes too.
    const env = { ...withoutSettings(environment), ...own }
    return spawn(program, args, { stdio: ['pipe', 'inherit', 'inherit'], env })
  } catch (cause) {
    const problem = `container ${name}: ${resourceId} cannot be started: ${describeError(cause)}`
    throw new MoraineError('invalid-input', problem, { cause })
  }
}

/** What configures the service is not for optimizers: there are secrets among it. */
function withoutSettings(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const isOurs = (key: string) => /^(AMS|MORAINE)_/.test(key) && key !== LOG_LEVEL_VARIABLE
  return Object.fromEntries(Object.entries(environment).filter(([key]) => !isOurs(key)))
}

async function started(child: ChildProcess): Promise<void> {
  // Writing into a pipe of a process that has gone is no error of ours.
  child.stdin?.on('error', () => {})
  await once(child, 'spawn')
}

/** Ends when the process has: told to, and forced to if it takes too long. */
async function stopProcess({ child, end }: Running, clock: Pick<Clock, 'sleep'>): Promise<void> {
  if (end !== undefined || child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  const hasEnded = new AbortController()
  const forced = clock.sleep(STOP_WITHIN_MS, hasEnded.signal).then(
    () => void child.kill('SIGKILL'),
    () => undefined,
  )
  await exited
  hasEnded.abort()
  await forced
}
