import type { Nudge } from './nudges.ts'

/** Brings nudges to the reconcilers of whichever server leads. */
export type NudgeSwitch = {
  send(nudge: Nudge): void
  /** Of another server: not passed on. `false` if this one does not lead. */
  receive(nudges: readonly Nudge[]): boolean
  /** From now on this server leads; gives what ends that. */
  lead(route: (nudge: Nudge) => void): () => void
}

/**
 * @param toLeader where another may lead. A nudge that gets lost is made good by timers, and a server that begins to lead
 * looks at everything.
 */
export function nudgeSwitch(toLeader: (nudge: Nudge) => void): NudgeSwitch {
  let here: ((nudge: Nudge) => void) | undefined
  return {
    send: (nudge) => (here ?? toLeader)(nudge),
    receive(nudges) {
      for (const nudge of nudges) here?.(nudge)
      return here !== undefined
    },
    lead(route) {
      here = route
      return () => {
        if (here === route) here = undefined
      }
    },
  }
}
