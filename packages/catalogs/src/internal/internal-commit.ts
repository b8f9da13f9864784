import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { assert } from '@moraine/stdx/assert'
import { isKind } from '@moraine/stdx/error'
import type { CommitOutcome, LoadedTable, TableCommit } from '../catalog.ts'
import { noSuchNamespace, noSuchTable } from '../catalog-error.ts'
import type { Fence } from '../fence.ts'
import { applyCommit } from '../metadata-file/apply-commit.ts'
import { orRemove, type RecalledMetadata, removeQuietly, writeMetadata } from '../metadata-file/metadata-files.ts'
import { obsoleteMetadataFiles } from '../metadata-file/obsolete-metadata.ts'
import type { SwapOutcome } from '../metadata-file/swap-outcome.ts'
import type { RequestClaim } from '../request-claim.ts'
import { formatIdentifier, type TableIdentifier } from '../table-identifier.ts'
import type { CommitSettlement } from './commit-settlement.ts'
import { type InternalStore, loadPointed, recallPointed, storeUnder, type TableAtPointer } from './internal-store.ts'
import { checkMove, type Whereabouts } from './location-rules.ts'
import { notAdded } from './not-added.ts'
import { addPointer, movePointer } from './swap-pointer.ts'
import { TableDraft } from './table-draft.ts'

/**
 * Makes commits to one table with a single new metadata file, each on top of those before it: writes the file, then moves
 * the pointer to it. Each ends by itself: one that is refused does not disturb the others, and an append that was
 * overtaken is rebased. A file whose pointer was refused is removed; one whose fate is unknown stays. One with a fence comes
 * alone; of those with claims none is made if one is lost, which is thrown.
 */
export async function commitTogether(
  store: InternalStore,
  identifier: TableIdentifier,
  commits: readonly TableCommit[],
  signal?: AbortSignal,
): Promise<readonly CommitSettlement[]> {
  const base = await recallPointed(store, identifier, signal)
  if (base === undefined) return createTogether(store, identifier, commits, signal)
  const draft = new TableDraft(store, base.table, signal)
  const settlements: (CommitSettlement | 'made')[] = []
  for (const commit of commits) settlements.push(await draft.make(commit))
  const outcome = await finishDraft(storeUnder(store, claimsOf(commits)), base, draft, {
    signal,
    fence: fenceOf(commits),
  })
  return settlements.map((each) => (each === 'made' ? { kind: 'settled', outcome } : each))
}

/** Of a table that is not there: the first commit that may create it does, and the others are made on top of it. */
async function createTogether(
  store: InternalStore,
  identifier: TableIdentifier,
  [commit, ...others]: readonly TableCommit[],
  signal: AbortSignal | undefined,
): Promise<readonly CommitSettlement[]> {
  if (commit === undefined) return []
  const first = await settled(async () => {
    const applied = applyCommit(store, undefined, commit)
    if (applied.kind === 'conflict') return applied
    if (applied.kind === 'missing') throw noSuchTable(identifier)
    const placement = await checkMove(store.locations, { catalog: store.name, identifier, after: applied.metadata })
    return commitNewTable(
      storeUnder(store, claimsOf([commit])),
      identifier,
      { metadata: applied.metadata, placement },
      signal,
    )
  })
  if (others.length === 0) return [first]
  return [first, ...(await commitTogether(store, identifier, others, signal))]
}

async function settled(run: () => Promise<CommitOutcome>): Promise<CommitSettlement> {
  try {
    return { kind: 'settled', outcome: await run() }
  } catch (error) {
    return { kind: 'failed', error }
  }
}

function claimsOf(commits: readonly TableCommit[]): readonly RequestClaim[] {
  return commits.flatMap(({ claim }) => claim ?? [])
}

function fenceOf(commits: readonly TableCommit[]): Fence | undefined {
  const [commit, ...others] = commits
  assert(commit?.fence === undefined || others.length === 0, 'a commit with a fence is made with others')
  return commit?.fence
}

async function finishDraft(
  store: InternalStore,
  base: TableAtPointer & Pick<RecalledMetadata, 'present'>,
  { metadata, manifestLists, placement }: TableDraft,
  under: { readonly signal: AbortSignal | undefined; readonly fence: Fence | undefined },
): Promise<CommitOutcome> {
  const { identifier } = base.table
  const written = [...manifestLists]
  let metadataLocation: string
  let outcome: SwapOutcome
  try {
    if (metadata === base.table.metadata) {
      if (!(await isStillThere(store, base, under.signal))) return raced(identifier)
      return { kind: 'committed', table: base.table }
    }
    metadataLocation = await writeMetadata(store, metadata, base.table.metadataLocation, under.signal)
    written.push(metadataLocation)
    const isThere = await isStillThere(store, base, under.signal)
    outcome = isThere ? await movePointer(store, base.pointer, metadataLocation, placement, under) : 'lost'
  } catch (error) {
    await removeQuietly(store, written)
    throw error
  }
  if (outcome === 'lost') {
    await removeQuietly(store, written)
    return raced(identifier)
  }
  if (outcome !== 'won') return { kind: 'unknown', cause: outcome.unknown }
  await removeQuietly(store, obsoleteMetadataFiles(base.table.metadata, metadata))
  return { kind: 'committed', table: { identifier, metadata, metadataLocation } }
}

/**
 * Whether the file of the base is where it was read. One that was removed after a newer commit is not.
 *
 * @throws {MoraineError} `corrupt` if it is gone and still pointed to
 */
async function isStillThere(
  store: InternalStore,
  { table, present }: TableAtPointer & Pick<RecalledMetadata, 'present'>,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  try {
    await present
    return true
  } catch (error) {
    if (!isKind(error, 'not-found')) throw error
    await loadPointed(store, table.identifier, signal)
    return false
  }
}

function raced(identifier: TableIdentifier): CommitOutcome {
  return { kind: 'conflict', reason: `another commit to ${formatIdentifier(identifier)} came first`, raced: true }
}

/** A table that may be made, and where. */
export type PlacedTable = { readonly metadata: TableMetadata; readonly placement: Whereabouts }

/** As {@link commitTogether}, for a table that must not exist yet. A lost race is a conflict. */
export async function commitNewTable(
  store: InternalStore,
  identifier: TableIdentifier,
  { metadata, placement }: PlacedTable,
  signal?: AbortSignal,
): Promise<CommitOutcome> {
  const { namespace, name } = identifier
  if ((await store.pointers.findNamespace(store.name, namespace)) === undefined) throw noSuchNamespace(namespace)
  const metadataLocation = await writeMetadata(store, metadata, undefined, signal)
  const table: LoadedTable = { identifier, metadata, metadataLocation }
  const pointer = { kind: 'table', catalog: store.name, namespace, name, metadataLocation } as const
  const outcome = await orRemove(store, [metadataLocation], () => addPointer(store, pointer, placement, 'written'))
  if (outcome === 'won') return { kind: 'committed', table }
  if (typeof outcome === 'object') return { kind: 'unknown', cause: outcome.unknown }
  await removeQuietly(store, [metadataLocation])
  const addition = { kind: 'table', identifier, location: metadata.location, done: 'created' } as const
  const refusal = await notAdded(store, outcome, addition)
  if (outcome !== 'lost') throw refusal
  return { kind: 'conflict', reason: refusal.message }
}
