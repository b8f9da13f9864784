import { isOutcomeUnknown, MoraineError, OUTCOME_UNKNOWN } from '@moraine/stdx/error'

/**
 * Under what a server answers a request that may be made again at another: a row of the database, which says who answers it.
 * A change is refused once the row says anything else.
 */
export type RequestClaim = { readonly keyHash: string; readonly holder: string }

/** Nothing was changed; whoever has the claim now may have made the same change, so that nobody knows but them. */
export function claimLost(): MoraineError {
  return new MoraineError(
    'timeout',
    'another server has taken the request over, so that nothing was changed here; look at what it changes before it is made again',
    { context: { ...OUTCOME_UNKNOWN, claim: 'lost' } },
  )
}

export function isClaimLost(error: unknown): boolean {
  return isOutcomeUnknown(error) && error instanceof MoraineError && error.context['claim'] === 'lost'
}
