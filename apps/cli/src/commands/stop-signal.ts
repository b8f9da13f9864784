import { systemClock } from '@moraine/stdx/clock'
import { MoraineError } from '@moraine/stdx/error'

/** One Ctrl-C may arrive twice: from the terminal, and passed on by npm or a launcher. */
const ONE_REQUEST_MS = 1000
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const

/** Aborts when the process is asked to end. Asked once more, it ends at once. */
export function stopSignal(): AbortSignal {
  const abort = new AbortController()
  let askedAtMs: number | undefined
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      const nowMs = systemClock.monotonicMs()
      if (askedAtMs !== undefined && nowMs - askedAtMs > ONE_REQUEST_MS) process.exit(EXIT_CODES[signal])
      askedAtMs ??= nowMs
      abort.abort(new MoraineError('aborted', `stopped by ${signal}`))
    })
  }
  return abort.signal
}
