import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Optimizer } from '@moraine/management/resources/optimizer'
import type { Clock } from '@moraine/stdx/clock'
import { describeError } from '@moraine/stdx/error'
import { type Random, uuidV4 } from '@moraine/stdx/random'
import type { Log } from '../service/log.ts'
import type { Service } from '../service/service.ts'

export type LocalContainerOptions = {
  /** Program and arguments that start one optimizer; never a shell line. Asked for at the start. */
  readonly command: () => Command
  /** Registrations of processes that are known to be gone. */
  readonly endOptimizers: (gone: {
    readonly reason: string
    readonly isGone: (optimizer: Optimizer) => boolean
  }) => Promise<void>
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

type Command = readonly [string, ...string[]]

/** The optimizer registers with the value of this variable, by which its registration is found when it has died. */
const RESOURCE_ID_VARIABLE = 'MORAINE_RESOURCE_ID'
const RESOURCE_PREFIX = 'local-'

const RESTART_FIRST_MS = 500
const RESTART_LONGEST_MS = 30_000
const STOP_WITHIN_MS = 20_000

/**
 * Keeps one optimizer process running beside the service: started again, ever later, if it dies; stopped with it. The
 * process goes when the service goes, so whatever an earlier run of the service had launched is gone at its start.
 */
export function localContainer(options: LocalContainerOptions): Service {
  const { clock, log } = options
  const stopping = new AbortController()
  let child: ChildProcess | undefined
  let loop: Promise<void> | undefined

  const forget = async (reason: string, isGone: (optimizer: Optimizer) => boolean) => {
    try {
      await options.endOptimizers({ reason, isGone })
    } catch (error) {
      log.warn({ failure: describeError(error) }, 'an optimizer that is gone will be noticed by its silence')
    }
  }
  const runOnce = async (command: Command) => {
    const resourceId = `${RESOURCE_PREFIX}${uuidV4(options.random)}`
    const end = await runProcess(command, resourceId, (started) => {
      child = started
    })
    child = undefined
    await forget(`its process ended: ${end}`, (optimizer) => optimizer.resourceId === resourceId)
    return end
  }
  const keepRunning = async (command: Command) => {
    await forget('the service that launched it ended', ({ resourceId }) => resourceId.startsWith(RESOURCE_PREFIX))
    let pauseMs = RESTART_FIRST_MS
    while (!stopping.signal.aborted) {
      const startedAt = clock.monotonicMs()
      const end = await runOnce(command)
      if (stopping.signal.aborted) return
      pauseMs =
        clock.monotonicMs() - startedAt > RESTART_LONGEST_MS
          ? RESTART_FIRST_MS
          : Math.min(pauseMs * 2, RESTART_LONGEST_MS)
      log.warn({ end, pauseMs }, 'the local optimizer ended and is started again')
      await clock.sleep(pauseMs, stopping.signal).catch(() => undefined)
    }
  }
  return {
    name: 'local optimizer',
    async start() {
      loop ??= keepRunning(options.command())
    },
    async stop() {
      stopping.abort()
      child?.kill('SIGTERM')
      const ended = new AbortController()
      const force = clock.sleep(STOP_WITHIN_MS, ended.signal).then(
        () => child?.kill('SIGKILL'),
        () => undefined,
      )
      await loop
      ended.abort()
      await force
    },
  }
}

/** How the process ended, in words. */
async function runProcess(
  [program, ...args]: Command,
  resourceId: string,
  onStart: (child: ChildProcess) => void,
): Promise<string> {
  const env = { ...process.env, [RESOURCE_ID_VARIABLE]: resourceId }
  try {
    // Its standard input is a pipe of ours: when that ends, however we ended, the optimizer goes too.
    const child = spawn(program, args, { stdio: ['pipe', 'inherit', 'inherit'], env })
    onStart(child)
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
    return signal ?? `exit code ${code}`
  } catch (error) {
    return describeError(error)
  }
}
