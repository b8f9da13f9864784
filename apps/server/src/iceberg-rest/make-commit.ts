import { commitUnraced } from '../catalogs/commit-unraced.ts'
import { commitFailed, commitUncertain, encodeRestError } from './rest-error.ts'
import type { RestAnswer } from './rest-route.ts'

type Conflict = { readonly kind: 'conflict'; readonly reason: string; readonly raced?: true }
type Refused = Conflict | { readonly kind: 'unknown'; readonly cause: Error }

/**
 * Commits, and answers.
 *
 * @throws {MoraineError} as `commitUncertain` makes it, for the log as well
 */
export async function makeCommit<Committed extends { readonly kind: 'committed' }>(
  commit: () => Promise<Committed | Refused>,
  answer: (committed: Committed) => RestAnswer,
): Promise<RestAnswer> {
  const outcome = await commitUnraced(commit)
  if (!isRefused(outcome)) return answer(outcome)
  if (outcome.kind === 'unknown') throw commitUncertain(outcome.cause)
  const error = commitFailed(outcome.reason)
  return { status: error.status, json: encodeRestError(error) }
}

function isRefused(outcome: { readonly kind: string }): outcome is Refused {
  return outcome.kind !== 'committed'
}
