import { orAbort } from '@moraine/stdx/abort'
import type { CommitOutcome, TableCommit } from '../catalog.ts'
import type { OneAtATime } from '../one-at-a-time.ts'
import { isClaimLost } from '../request-claim.ts'
import type { TableIdentifier } from '../table-identifier.ts'
import type { CommitSettlement } from './commit-settlement.ts'

type Waiting = {
  readonly commit: TableCommit
  readonly signal: AbortSignal | undefined
  /** Its turn has come: from now on its outcome is awaited, whatever the signal says. */
  readonly begin: () => void
  readonly settle: (settlement: CommitSettlement) => void
}

type CommitTogether = (
  identifier: TableIdentifier,
  commits: readonly TableCommit[],
  signal?: AbortSignal,
) => Promise<readonly CommitSettlement[]>

/**
 * Commits to one table wait in a line; those that wait when their turn comes are made together. Side by side all but one
 * would write a metadata file in vain, and one after another each would write one. A commit with a fence has a turn of its
 * own. Whoever gives up while waiting has made nothing.
 */
export function commitGroups(
  line: OneAtATime,
  lineOf: (identifier: TableIdentifier) => string,
  together: CommitTogether,
): (identifier: TableIdentifier, commit: TableCommit, signal?: AbortSignal) => Promise<CommitOutcome> {
  const groups = new Map<string, Waiting[]>()

  async function run(identifier: TableIdentifier, key: string, group: Waiting[]): Promise<void> {
    // Whoever comes from now on waits for the next turn.
    leave(key, group)
    const present = group.filter(({ signal }) => signal?.aborted !== true)
    for (const { begin } of present) begin()
    await make(identifier, present)
  }

  async function make(identifier: TableIdentifier, present: readonly Waiting[]): Promise<void> {
    const [only] = present
    try {
      const commits = present.map(({ commit }) => commit)
      const settlements = await together(identifier, commits, present.length === 1 ? only?.signal : undefined)
      for (const [at, { settle }] of present.entries()) settle(settlements[at] ?? LOST)
    } catch (error) {
      if (present.length > 1 && isClaimLost(error)) {
        // Nothing was made, for the sake of one: the others are not to hang on it.
        for (const each of present) await make(identifier, [each])
        return
      }
      for (const { settle } of present) settle({ kind: 'failed', error })
    }
  }

  function leave(key: string, group: Waiting[]): void {
    if (groups.get(key) === group) groups.delete(key)
  }

  function queue(identifier: TableIdentifier, key: string, group: Waiting[]): void {
    line(key, () => run(identifier, key, group)).catch((error: unknown) => {
      leave(key, group)
      for (const { settle } of group) settle({ kind: 'failed', error })
    })
  }

  function join(identifier: TableIdentifier, key: string, entry: Waiting): void {
    // Whether it is made hangs on more than the table: others are not to hang on it, too.
    if (entry.commit.fence !== undefined) {
      queue(identifier, key, [entry])
      return
    }
    const group = groups.get(key)
    if (group !== undefined && group.length < GROUP_MAX) {
      group.push(entry)
      return
    }
    const opened = [entry]
    groups.set(key, opened)
    queue(identifier, key, opened)
  }

  return async (identifier, commit, signal) => {
    const key = lineOf(identifier)
    const begun = Promise.withResolvers<void>()
    const settled = Promise.withResolvers<CommitSettlement>()
    const entry = { commit, signal, begin: begun.resolve, settle: settled.resolve }
    join(identifier, key, entry)
    await Promise.race([orAbort(begun.promise, signal, `waiting for ${key}`), settled.promise])
    const settlement = await settled.promise
    if (settlement.kind === 'failed') throw settlement.error
    return settlement.outcome
  }
}

/** Of 32 writers all have a place; a group's metadata stays one that a reader takes in at once. */
const GROUP_MAX = 64

const LOST: CommitSettlement = { kind: 'failed', error: new Error('a commit of the group has no outcome') }
