import { abortError } from './abort.ts'
import type { Clock } from './clock.ts'
import { MoraineError } from './error.ts'

export type TurnsOptions = {
  /** How many have a turn at a time. */
  readonly limit: number
  /** How many of these may be of one owner, so that others find one; all by default. */
  readonly limitOfOne?: number
  /** How many of one owner may wait; any number by default. */
  readonly waitingMax?: number
}

export type TurnPatience = {
  /** For whom the turn is. */
  readonly owner?: string
  /** Ends the wait. */
  readonly signal?: AbortSignal | undefined
  /** Ends the wait, too. */
  readonly deadline?: { readonly clock: Pick<Clock, 'sleep'>; readonly ms: number }
}

/** Turns for a few at a time, in the order in which they are asked for: what bounds memory, or connections. */
export class Turns {
  readonly #limit: number
  readonly #limitOfOne: number
  readonly #waitingMax: number
  /** In a set, since it keeps the order and those who give up leave at no cost. */
  readonly #waiting = new Set<Waiting>()
  readonly #held = new Map<string, number>()
  readonly #waitingOf = new Map<string, number>()
  #running = 0

  constructor({ limit, limitOfOne = limit, waitingMax = Number.POSITIVE_INFINITY }: TurnsOptions) {
    this.#limit = limit
    this.#limitOfOne = limitOfOne
    this.#waitingMax = waitingMax
  }

  /**
   * Does the work when its turn has come.
   *
   * @throws {MoraineError} `unavailable` if too many of the owner wait; `aborted`, or the signal's reason
   */
  async run<T>(work: () => Promise<T>, patience: Omit<TurnPatience, 'deadline'> = {}): Promise<T> {
    await this.take(patience)
    try {
      return await work()
    } finally {
      this.give(patience.owner)
    }
  }

  /** Whether a turn could be had in time; it throws as {@link run}. Whoever has one gives it back. */
  async take({ owner = '', signal, deadline }: TurnPatience = {}): Promise<boolean> {
    if (signal?.aborted) throw abortError(signal, WAITING)
    if (this.#isFree(owner)) {
      this.#begin(owner)
      return true
    }
    const waiting = this.#waitingOf.get(owner) ?? 0
    if (waiting >= this.#waitingMax) {
      throw new MoraineError(
        'unavailable',
        `${waiting} wait already${owner === '' ? '' : ` for ${owner}`}; try again later`,
      )
    }
    return this.#wait(owner, signal, deadline)
  }

  /** @param owner as it was taken */
  give(owner = ''): void {
    this.#running -= 1
    change(this.#held, owner, -1)
    for (const next of this.#waiting) {
      if (!this.#isFree(next.owner)) continue
      // Now, so that nobody who comes meanwhile gets it first.
      this.#begin(next.owner)
      next.end(true)
      return
    }
  }

  async #wait(owner: string, signal: AbortSignal | undefined, deadline: TurnPatience['deadline']): Promise<boolean> {
    const outcome = Promise.withResolvers<boolean>()
    const settled = new AbortController()
    const waiting: Waiting = {
      owner,
      end: (has) => {
        if (this.#waiting.delete(waiting)) change(this.#waitingOf, owner, -1)
        outcome.resolve(has)
      },
    }
    this.#waiting.add(waiting)
    change(this.#waitingOf, owner, 1)
    const giveUp = () => waiting.end(false)
    signal?.addEventListener('abort', giveUp, { once: true, signal: settled.signal })
    deadline?.clock.sleep(deadline.ms, settled.signal).then(giveUp, () => {})
    const has = await outcome.promise
    settled.abort(SETTLED)
    if (!has && signal?.aborted) throw abortError(signal, WAITING)
    return has
  }

  #isFree(owner: string): boolean {
    return this.#running < this.#limit && (this.#held.get(owner) ?? 0) < this.#limitOfOne
  }

  #begin(owner: string): void {
    this.#running += 1
    change(this.#held, owner, 1)
  }
}

type Waiting = { readonly owner: string; readonly end: (has: boolean) => void }

const WAITING = 'waiting for a turn'

function change(counts: Map<string, number>, owner: string, by: number): void {
  const count = (counts.get(owner) ?? 0) + by
  if (count === 0) counts.delete(owner)
  else counts.set(owner, count)
}

// Made once: an abort without a reason makes an error with a stack each time.
const SETTLED = new Error('settled')
