import { exitCodeOf } from '@moraine/client/exit-code'
import { systemClock } from '@moraine/stdx/clock'
import { isKind, MoraineError } from '@moraine/stdx/error'

/** One Ctrl-C may arrive twice: from the terminal, and passed on by npm or a launcher. */
const ONE_REQUEST_MS = 1000
/** Of a command that was stopped before it was done. */
export const STOPPED_CODES = { SIGINT: 130, SIGTERM: 143 } as const

/** Aborts when the process is asked to end. Asked once more, it ends at once. */
export function stopSignal(): AbortSignal {
  const abort = new AbortController()
  let askedAtMs: number | undefined
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      const nowMs = systemClock.monotonicMs()
      if (askedAtMs !== undefined && nowMs - askedAtMs > ONE_REQUEST_MS) process.exit(STOPPED_CODES[signal])
      askedAtMs ??= nowMs
      abort.abort(new MoraineError('aborted', `stopped by ${signal}`, { context: { exit: STOPPED_CODES[signal] } }))
    })
  }
  return abort.signal
}

/** What the process ends with when this ended it: the failure's own code, unless it is that of having been stopped. */
export function endCodeOf(error: unknown, stopped: AbortSignal): number {
  const { exit } = stopped.aborted && stopped.reason instanceof MoraineError ? stopped.reason.context : {}
  return typeof exit === 'number' && isKind(error, 'aborted') ? exit : exitCodeOf(error)
}
