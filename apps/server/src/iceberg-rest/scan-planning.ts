import { type Random, systemRandom } from '@moraine/stdx/random'
import { Turns } from '@moraine/stdx/turns'

/** What the plans of a service have in common. */
export type ScanPlanning = {
  /** Each plan holds a few manifests in memory, and up to as many files as one answer has. */
  readonly turns: Turns
  /** The name of a new plan, of letters, digits, `-` and `_`. */
  nextPlan(): string
  /** From then on the id and the tasks of the plan are answered no more, as long as it is remembered. */
  cancel(plan: string): void
  isCancelled(plan: string | undefined): boolean
}

/** Some 100 bytes each. */
const REMEMBERED_MAX = 10_000

/**
 * Plans are kept nowhere, so what is remembered is which of them were given up: the last of them, until a restart. One that is
 * forgotten is answered again, which does no harm.
 */
export function scanPlanning(random: Random = systemRandom, rememberedMax = REMEMBERED_MAX): ScanPlanning {
  // A set iterates in the order of insertion.
  const cancelled = new Set<string>()
  return {
    turns: new Turns({ limit: 4, limitOfOne: 3, waitingMax: 100 }),
    nextPlan: () => Buffer.from(random.bytes(PLAN_BYTES)).toString('base64url'),
    cancel(plan) {
      cancelled.delete(plan)
      cancelled.add(plan)
      const [oldest] = cancelled
      if (cancelled.size > rememberedMax && oldest !== undefined) cancelled.delete(oldest)
    },
    isCancelled: (plan) => plan !== undefined && cancelled.has(plan),
  }
}

/** So many that no two plans have the same name, and nobody guesses that of another. */
const PLAN_BYTES = 12
export const PLAN_NAME = /^[A-Za-z0-9_-]{16}$/
