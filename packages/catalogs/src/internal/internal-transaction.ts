import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { MoraineError } from '@moraine/stdx/error'
import type { LoadedTable, TableChange, TransactionOutcome } from '../catalog.ts'
import { noSuchNamespace, noSuchTable } from '../catalog-error.ts'
import { applyCommit } from '../metadata-file/apply-commit.ts'
import { orRemove, removeQuietly, writeMetadata } from '../metadata-file/metadata-files.ts'
import { obsoleteMetadataFiles } from '../metadata-file/obsolete-metadata.ts'
import type { SwapOutcome } from '../metadata-file/swap-outcome.ts'
import { checkIdentifier, formatIdentifier, type TableIdentifier } from '../table-identifier.ts'
import { type InternalStore, loadPointed } from './internal-store.ts'
import { checkMove, type Whereabouts } from './location-rules.ts'
import { changePointers } from './swap-pointer.ts'
import type { InternalPointer, PointerChange } from './table-pointers.ts'

/**
 * Writes the new metadata files of all tables, then moves all pointers at once. As with a single commit, files whose
 * pointers were refused are removed, and those whose fate is unknown stay.
 */
export async function commitInternalTables(
  store: InternalStore,
  changes: readonly TableChange[],
  signal?: AbortSignal,
): Promise<TransactionOutcome> {
  const steps: (Unchanged | Change)[] = []
  for (const change of changes) {
    const step = await prepare(store, change, signal)
    if (step.kind === 'conflict') return step
    steps.push(step)
  }
  const written = await writeAll(store, steps, signal)
  const outcome = await orRemove(store, locationsOf(written), () => makeChanges(store, written, signal))
  if (outcome === 'lost') {
    await removeQuietly(store, locationsOf(written))
    return { kind: 'conflict', reason: 'a commit to one of the tables came first', raced: true }
  }
  if (outcome !== 'won') return { kind: 'unknown', cause: outcome.unknown }
  await removeQuietly(store, written.flatMap(obsoleteFiles))
  return { kind: 'committed', tables: written.map(({ table }) => table) }
}

/** Each table at most once: which of two commits to it is to be the first is nowhere said. */
export function checkDistinct(changes: readonly TableChange[]): void {
  const seen = new Set<string>()
  for (const { identifier } of changes) {
    checkIdentifier(identifier)
    const key = JSON.stringify([identifier.namespace, identifier.name])
    if (seen.has(key)) {
      throw new MoraineError('invalid-input', `${formatIdentifier(identifier)} is in the transaction more than once`)
    }
    seen.add(key)
  }
}

type Base = { readonly pointer: InternalPointer; readonly table: LoadedTable }
type Unchanged = { readonly kind: 'unchanged'; readonly table: LoadedTable }
/** What one commit makes of its table; without a base it is a new one. */
type Change = {
  readonly kind: 'change'
  readonly identifier: TableIdentifier
  readonly base: Base | undefined
  readonly metadata: TableMetadata
  readonly placement: Whereabouts
}
/** A table after the transaction, and what it was before if it changes. */
type Written = { readonly table: LoadedTable; readonly change?: Change }

async function prepare(
  store: InternalStore,
  { identifier, commit }: TableChange,
  signal: AbortSignal | undefined,
): Promise<Unchanged | Change | { readonly kind: 'conflict'; readonly reason: string }> {
  const base = await loadPointed(store, identifier, signal)
  const applied = applyCommit(store, base?.table, commit)
  if (applied.kind === 'conflict') return { ...applied, reason: `${formatIdentifier(identifier)}: ${applied.reason}` }
  if (applied.kind === 'missing') throw noSuchTable(identifier)
  if (applied.metadata === base?.table.metadata) return { kind: 'unchanged', table: base.table }
  const before = base?.table.metadata
  const move = { catalog: store.name, identifier, after: applied.metadata }
  const placement = await checkMove(store.locations, before === undefined ? move : { ...move, before })
  if (base === undefined && (await store.pointers.findNamespace(store.name, identifier.namespace)) === undefined) {
    throw noSuchNamespace(identifier.namespace)
  }
  return { kind: 'change', identifier, base, metadata: applied.metadata, placement }
}

async function writeAll(
  store: InternalStore,
  steps: readonly (Unchanged | Change)[],
  signal: AbortSignal | undefined,
): Promise<readonly Written[]> {
  const written: Written[] = []
  try {
    for (const step of steps) {
      if (step.kind === 'unchanged') {
        written.push({ table: step.table })
        continue
      }
      const { identifier, base, metadata } = step
      const metadataLocation = await writeMetadata(store, metadata, base?.table.metadataLocation, signal)
      written.push({ table: { identifier, metadata, metadataLocation }, change: step })
    }
    return written
  } catch (error) {
    await removeQuietly(store, locationsOf(written))
    throw error
  }
}

async function makeChanges(
  store: InternalStore,
  written: readonly Written[],
  signal: AbortSignal | undefined,
): Promise<SwapOutcome> {
  const changes = written.flatMap(({ table, change }): PointerChange[] => {
    if (change === undefined) return []
    const { namespace, name } = table.identifier
    const { metadataLocation } = table
    const { base, placement } = change
    const { apart, places } = placement
    const pointer = { kind: 'table', catalog: store.name, namespace, name, metadataLocation } as const
    const after = { ...pointer, ...(places && { places }) }
    return [base === undefined ? { after, apart } : { before: base.pointer, after, apart }]
  })
  return changes.length === 0 ? 'won' : changePointers(store, changes, signal)
}

/** The metadata files that were written for the transaction. */
function locationsOf(written: readonly Written[]): readonly string[] {
  return written.flatMap(({ table, change }) => (change === undefined ? [] : [table.metadataLocation]))
}

function obsoleteFiles({ table, change }: Written): readonly string[] {
  return change?.base === undefined ? [] : obsoleteMetadataFiles(change.base.table.metadata, table.metadata)
}
