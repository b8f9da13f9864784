import { commitFailed, commitStateUnknown, encodeRestError } from './rest-error.ts'
import type { RestAnswer } from './rest-route.ts'

type Conflict = { readonly kind: 'conflict'; readonly reason: string; readonly raced?: true }
type Refused = Conflict | { readonly kind: 'unknown'; readonly cause: Error }

/**
 * Commits, and answers. A commit that another overtook on the last step is made again on top of that one: its
 * requirements are judged on what is there now, and if they hold it does not conflict. Each round lost is somebody else's
 * commit made.
 */
export async function makeCommit<Committed extends { readonly kind: 'committed' }>(
  commit: () => Promise<Committed | Refused>,
  answer: (committed: Committed) => RestAnswer,
): Promise<RestAnswer> {
  let outcome = await commit()
  for (let round = 1; isRefused(outcome) && isRaced(outcome) && round < ROUNDS_MAX; round += 1) outcome = await commit()
  if (!isRefused(outcome)) return answer(outcome)
  const error = outcome.kind === 'conflict' ? commitFailed(outcome.reason) : commitStateUnknown(outcome.cause)
  return { status: error.status, json: encodeRestError(error) }
}

const ROUNDS_MAX = 20

function isRefused(outcome: { readonly kind: string }): outcome is Refused {
  return outcome.kind !== 'committed'
}

function isRaced(outcome: Refused): boolean {
  return outcome.kind === 'conflict' && outcome.raced === true
}
