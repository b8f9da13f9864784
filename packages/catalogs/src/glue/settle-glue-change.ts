import { asError } from '@moraine/stdx/error'
import type { SwapOutcome } from '../metadata-file/swap-outcome.ts'
import { glueFate } from './glue-failure.ts'
import type { GlueCall, GlueService } from './glue-service.ts'

/** What is seen of a change. `open`: no sign of it, and it can still be made. `untold`: it cannot be told any more. */
export type GlueSight = 'won' | 'lost' | 'open' | 'untold'

export type GlueChange = {
  /** For messages. */
  readonly doing: string
  /** May be made again: after it has taken effect once, it is refused. */
  readonly call: GlueCall<unknown>
  readonly look: () => Promise<GlueSight>
}

/**
 * Makes a change that takes effect at most once. As long as it is certain that it was not made, it is made again; once an
 * answer was lost, what Glue has says how it ended.
 *
 * @throws {MoraineError} if Glue refuses it, or is not reached; nothing was changed then
 */
export async function settleGlueChange(service: GlueService, { doing, call, look }: GlueChange): Promise<SwapOutcome> {
  let doubt: Error | undefined
  for (let failures = 1; ; failures += 1) {
    try {
      await service.once(doing, call)
      return 'won'
    } catch (error) {
      const fate = glueFate(error)
      if (fate === 'refused' && doubt === undefined) throw error
      // Of several the first says best what happened.
      if (fate === 'doubtful') doubt ??= asError(error)
      if (doubt === undefined && failures >= service.attempts) throw error
    }
    if (doubt !== undefined) {
      const seen = await look().catch((): GlueSight => 'open')
      if (seen === 'won' || seen === 'lost') return seen
      if (seen === 'untold' || failures >= service.attempts) return { unknown: doubt }
    }
    await service.pause(failures)
  }
}
