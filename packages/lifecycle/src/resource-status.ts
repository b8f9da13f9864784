import type { EpochMs } from '@moraine/stdx/brand'
import { chosenStatuses, type StateNote, type TransitionTable } from './transition-table.ts'

export type ResourceStatus = 'requested' | 'launched' | 'releasing' | 'ended'

/**
 * - `launch`: its container has taken the order
 * - `refuse`: its container has not, or could not release it; tried again later
 * - `abandon`: it is never launched: too many refusals, or nobody wants it any more
 * - `release`: it is wanted no more, or was silent for too long
 * - `vanish`: its container has it no more, or its optimizer said goodbye
 * - `finish`: its container has let it go
 */
export type ResourceEvent = 'launch' | 'refuse' | 'abandon' | 'release' | 'vanish' | 'finish'

/** `attempts` counts the orders to the container that failed; the next one is given at `retryAt`. */
export type ResourceState =
  | {
      readonly status: 'requested'
      readonly attempts: number
      readonly retryAt: EpochMs
      /** Why the last order failed. */
      readonly failure?: string
    }
  | { readonly status: 'launched'; readonly launchedAt: EpochMs }
  | {
      readonly status: 'releasing'
      readonly launchedAt: EpochMs
      readonly releasingAt: EpochMs
      readonly reason: string
      /** Nobody wanted it gone: its optimizer was silent. */
      readonly isFailure: boolean
      readonly attempts: number
      readonly retryAt: EpochMs
      readonly failure?: string
    }
  | {
      readonly status: 'ended'
      /** `undefined` if it never was. */
      readonly launchedAt: EpochMs | undefined
      readonly endedAt: EpochMs
      readonly reason: string
      /** It ended without having been wanted to. */
      readonly isFailure: boolean
    }

export const RESOURCE_TRANSITIONS: TransitionTable<ResourceStatus, ResourceEvent> = {
  requested: { launch: 'launched', refuse: 'requested', abandon: 'ended' },
  launched: { release: 'releasing', vanish: 'ended' },
  releasing: { refuse: 'releasing', vanish: 'ended', finish: 'ended' },
  ended: {},
}

/** Its container has something of it, or may. */
export const LIVE_RESOURCE = chosenStatuses({
  requested: true,
  launched: true,
  releasing: true,
  ended: false,
} satisfies Record<ResourceStatus, boolean>)

export const RESOURCE_NOTES = {
  requested: {
    meaning: 'somebody, or the allocation of its group, wants one more optimizer',
    owner: 'the resource keeper',
    deadline: 'abandoned after some refusals of its container',
  },
  launched: {
    meaning: 'its container runs it, or is about to; its optimizer registers with its id',
    owner: 'its optimizer',
    deadline: 'released if it does not register in time; ended when its container has it no more',
  },
  releasing: {
    meaning: 'its optimizer ends its tasks and takes no new ones; then its container lets it go',
    owner: 'the resource keeper',
    deadline: 'let go after the drain timeout, and again, ever later, if its container refuses',
  },
  ended: {
    meaning: 'gone; its optimizer with it',
    owner: 'nobody',
    deadline: 'removed after a day',
  },
} as const satisfies Record<ResourceStatus, StateNote>
