import { later } from '@moraine/stdx/brand'
import type { Clock } from '@moraine/stdx/clock'
import { MoraineError, OUTCOME_UNKNOWN } from '@moraine/stdx/error'
import type { Dice } from './dice.ts'

/** How often each thing goes wrong; all 0 in the quiet end of a run. */
export type MishapRates = {
  /** A message, or its answer, is lost. */
  readonly loss: number
  /** A message arrives twice. */
  readonly doubling: number
  /** A call of the database or of a table fails, before or after it took effect. */
  readonly error: number
  /** A call takes long. */
  readonly delay: number
  /** The service dies before or after a call of the database. */
  readonly serviceCrash: number
  /** An optimizer dies, hangs, lies or falls silent, each time it could. */
  readonly optimizer: number
}

export const NO_FAULTS: MishapRates = { loss: 0, doubling: 0, error: 0, delay: 0, serviceCrash: 0, optimizer: 0 }

export type Faults = {
  rates: MishapRates
  readonly dice: Dice
  readonly clock: Clock
  /** Counts a call of the database or of a table; `true` if whoever calls is busy with nothing, and is to be stopped. */
  readonly isBusy: () => boolean
}

const CALLS_PER_MOMENT_MAX = 20_000

/** Finds a loop that waits for nothing, in which time would stand still for good. */
export function callCount(clock: Pick<Clock, 'monotonicMs'>, onBusy: () => void): Faults['isBusy'] {
  let momentMs = -1
  let calls = 0
  return () => {
    const nowMs = clock.monotonicMs()
    calls = nowMs === momentMs ? calls + 1 : 1
    momentMs = nowMs
    if (calls <= CALLS_PER_MOMENT_MAX) return false
    onBusy()
    return true
  }
}

/** Waits for ever: what a call into a dead process does. A new one each time, or it would keep all who wait. */
export function never(): Promise<never> {
  return new Promise(() => {})
}

/** The connection between an optimizer and the service: messages and answers get lost, doubled and late. */
export async function overNetwork<T>({ rates, dice, clock }: Faults, call: () => Promise<T>): Promise<T> {
  await clock.sleep(dice.chance(rates.delay) ? dice.between(1, 40_000) : 1)
  if (dice.chance(rates.loss)) {
    await clock.sleep(5000)
    throw new MoraineError('unavailable', 'the message was lost')
  }
  if (dice.chance(rates.doubling)) {
    clock
      .sleep(dice.between(1, 40_000))
      .then(call)
      .catch(() => undefined)
  }
  const answer = await call()
  if (dice.chance(rates.loss)) {
    await clock.sleep(5000)
    throw new MoraineError('unavailable', 'the answer was lost')
  }
  return answer
}

/** A process that may die at any call: then nothing it does has any effect, and nothing returns to it. */
export type Life = {
  readonly alive: boolean
  die(): void
  /** Lets it stand still for a while: whatever would return to it does so afterwards. */
  pause(ms: number): void
  /** Resolves when it runs, at once if it does. */
  running(): Promise<void>
  /** Called before and after each call it makes: a moment at which it may be made to stand still. */
  hesitate(): void
}

export function mortal(clock: Pick<Clock, 'sleep'>, onDeath: () => void, onMoment?: (life: Life) => void): Life {
  let paused: Promise<void> | undefined
  const life: Life & { alive: boolean } = {
    alive: true,
    die() {
      if (!life.alive) return
      life.alive = false
      onDeath()
    },
    pause(ms: number) {
      const until = clock.sleep(ms).then(() => {
        if (paused === until) paused = undefined
      })
      paused = until
    },
    async running() {
      while (paused !== undefined) await paused
    },
    hesitate: () => onMoment?.(life),
  }
  return life
}

/**
 * The clock of a process: whoever sleeps when it dies does not wake, and while it is paused nobody does.
 *
 * @param aheadMs by how much its wall clock is ahead, at the moment
 */
export function mortalClock(clock: Clock, life: Life, aheadMs: () => number = () => 0): Clock {
  return {
    now: () => later(clock.now(), aheadMs()),
    monotonicMs: () => clock.monotonicMs(),
    sleep: async (ms, signal) => {
      if (!life.alive) return never()
      await clock.sleep(ms, signal)
      await life.running()
      return life.alive ? undefined : never()
    },
  }
}

/**
 * All methods of an object as its process reaches them: slow at times, failing at times before or after they took
 * effect, and deadly at times. Methods that return no promise are left as they are.
 */
export function unreliable<T extends object>(target: T, faults: Faults, life: Life): T {
  return Object.fromEntries(
    Object.entries(target).map(([name, method]) => [
      name,
      (...args: unknown[]) => {
        if (!life.alive) return never()
        const call = () => (method as (...args: unknown[]) => unknown)(...args)
        return PURE.has(name) ? call() : disturbed(call, faults, life)
      },
    ]),
  ) as T
}

const PURE = new Set(['attemptInput', 'checkOutput'])

async function disturbed(call: () => unknown, faults: Faults, life: Life): Promise<unknown> {
  const { dice, clock } = faults
  const moment = async (context: typeof OUTCOME_UNKNOWN | undefined) => {
    if (faults.isBusy()) await never()
    if (dice.chance(faults.rates.delay)) await clock.sleep(dice.between(1, 200))
    if (dice.chance(faults.rates.serviceCrash)) life.die()
    life.hesitate()
    await life.running()
    if (!life.alive) await never()
    if (dice.chance(faults.rates.error)) {
      throw new MoraineError('unavailable', 'the connection broke', context && { context })
    }
  }
  await moment(undefined)
  const result = await call()
  await moment(OUTCOME_UNKNOWN)
  return result
}
