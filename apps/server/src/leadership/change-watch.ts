import type { Clock } from '@moraine/stdx/clock'

/** Waits for a change that may have come before anybody waits. */
export class ChangeWatch {
  readonly #clock: Pick<Clock, 'sleep'>
  #isNoted = false
  #wake: (() => void) | undefined

  constructor(clock: Pick<Clock, 'sleep'>) {
    this.#clock = clock
  }

  /** The same function throughout. */
  readonly note = (): void => {
    this.#isNoted = true
    this.#wake?.()
  }

  /** Until a change is noted that nobody has waited for yet, `ms` have passed, or one of the signals aborts. */
  async wait(ms: number, ...stops: readonly AbortSignal[]): Promise<void> {
    const woken = new AbortController()
    const wake = () => woken.abort(WOKEN)
    this.#wake = wake
    for (const stop of stops) stop.addEventListener('abort', wake, { signal: woken.signal })
    if (this.#isNoted || stops.some((stop) => stop.aborted)) wake()
    await this.#clock.sleep(ms, woken.signal).catch(() => {})
    wake()
    this.#isNoted = false
  }
}

// Made once: an abort without a reason makes an error with a stack each time.
const WOKEN = new Error('woken')
