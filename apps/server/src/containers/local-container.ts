import { type ChildProcess, spawn } from 'node:child_process'
import type { Clock } from '@moraine/stdx/clock'
import type { Log } from '../service/log.ts'
import type { Service } from '../service/service.ts'

export type LocalContainerOptions = {
  /** Program and arguments that start one optimizer; never a shell line. */
  readonly command: readonly [string, ...string[]]
  readonly clock: Clock
  readonly log: Log
}

const RESTART_FIRST_MS = 500
const RESTART_LONGEST_MS = 30_000
const STOP_WITHIN_MS = 20_000

/** Keeps one optimizer process running beside the service: started again, ever later, if it dies; stopped with it. */
export function localContainer({ command: [program, ...args], clock, log }: LocalContainerOptions): Service {
  const stopping = new AbortController()
  let child: ChildProcess | undefined
  let loop: Promise<void> | undefined

  const runOnce = () =>
    new Promise<string>((resolve) => {
      // Its standard input is a pipe of ours: when that ends, however we ended, the optimizer goes too.
      child = spawn(program, args, { stdio: ['pipe', 'inherit', 'inherit'] })
      child.once('error', (error) => resolve(error.message))
      child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`))
    })
  const keepRunning = async () => {
    let pauseMs = RESTART_FIRST_MS
    while (!stopping.signal.aborted) {
      const startedAt = clock.monotonicMs()
      const end = await runOnce()
      child = undefined
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
      loop = keepRunning()
    },
    async stop() {
      stopping.abort()
      child?.kill('SIGTERM')
      const late = new AbortController()
      void clock.sleep(STOP_WITHIN_MS, late.signal).then(
        () => child?.kill('SIGKILL'),
        () => undefined,
      )
      await loop
      late.abort()
    },
  }
}
