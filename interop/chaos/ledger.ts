/** What a commit was to add and take away, by the keys of its rows. Keys are added by one commit only. */
export type LedgerCommit = {
  readonly added: readonly bigint[]
  readonly removed: readonly bigint[]
  /** `unknown`: no answer says whether it was made. */
  outcome: 'acknowledged' | 'refused' | 'unknown'
}

export type Discrepancy = {
  /** Rows that must be there and are not. */
  readonly lost: readonly bigint[]
  /** Rows that must not be there. */
  readonly foreign: readonly bigint[]
  readonly doubled: readonly bigint[]
  /** Unknown commits that turn out to be made. */
  readonly made: number
}

/**
 * Holds the rows that are there to a ledger. A commit of unknown outcome is made or not, as one of its rows says that
 * nobody removes: then the others have to say the same.
 */
export function holdToLedger(ledger: readonly LedgerCommit[], keys: readonly bigint[]): Discrepancy {
  const present = new Set(keys)
  const removedByAny = new Set(ledger.flatMap(({ removed }) => removed))
  const expected = new Set<bigint>()
  let made = 0
  const isMade = ({ outcome, added }: LedgerCommit): boolean => {
    if (outcome !== 'unknown') return outcome === 'acknowledged'
    const isThere = added.some((key) => !removedByAny.has(key) && present.has(key))
    if (isThere) made += 1
    return isThere
  }
  for (const commit of ledger) {
    if (!isMade(commit)) continue
    for (const key of commit.removed) expected.delete(key)
    for (const key of commit.added) expected.add(key)
  }
  const seen = new Set<bigint>()
  const doubled = new Set<bigint>()
  for (const key of keys) {
    if (seen.has(key)) doubled.add(key)
    seen.add(key)
  }
  return {
    lost: [...expected].filter((key) => !present.has(key)),
    foreign: [...present].filter((key) => !expected.has(key)),
    doubled: [...doubled],
    made,
  }
}
