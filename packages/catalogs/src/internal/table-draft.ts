import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { assert } from '@moraine/stdx/assert'
import type { LoadedTable, TableCommit } from '../catalog.ts'
import { type AppliedCommit, applyCommit } from '../metadata-file/apply-commit.ts'
import { rebaseRefused } from '../metadata-file/rebase-refused.ts'
import type { CommitSettlement } from './commit-settlement.ts'
import type { InternalStore } from './internal-store.ts'
import { checkMove, type Whereabouts } from './location-rules.ts'

/** The state of a table while several commits are made on it, none of which anybody sees yet. */
export class TableDraft {
  /** Of rebased appends; unreferenced until the draft is committed. */
  readonly manifestLists: string[] = []
  #placement: Whereabouts = { apart: [] }
  readonly #store: InternalStore
  readonly #base: LoadedTable
  readonly #signal: AbortSignal | undefined
  #metadata: TableMetadata

  constructor(store: InternalStore, base: LoadedTable, signal: AbortSignal | undefined) {
    this.#store = store
    this.#base = base
    this.#signal = signal
    this.#metadata = base.metadata
  }

  /** Of the base if nothing has changed. */
  get metadata(): TableMetadata {
    return this.#metadata
  }

  /** Where the table is when the draft is committed, and others must not be. */
  get placement(): Whereabouts {
    return this.#placement
  }

  /** `made`: it is part of the draft, and ends as that does. Otherwise it has changed nothing. */
  async make(commit: TableCommit): Promise<CommitSettlement | 'made'> {
    try {
      const applied = await this.#apply(commit)
      if (applied.kind === 'conflict') return await this.#rebase(commit, applied.reason)
      this.#metadata = applied.metadata
      return 'made'
    } catch (error) {
      return { kind: 'failed', error }
    }
  }

  async #apply(commit: TableCommit): Promise<Exclude<AppliedCommit, { kind: 'missing' }>> {
    const { locations, name: catalog } = this.#store
    const { identifier, metadata, metadataLocation } = this.#base
    // The metadata log has the base's file once.
    const base = this.#metadata === metadata ? { metadata, metadataLocation } : { metadata: this.#metadata }
    const applied = applyCommit(this.#store, base, commit)
    assert(applied.kind !== 'missing', 'a table that is there is called missing')
    if (applied.kind === 'applied') {
      const move = { catalog, identifier, before: base.metadata, after: applied.metadata }
      const { apart, ...placement } = await checkMove(locations, move)
      this.#placement = { ...placement, apart: [...new Set([...this.#placement.apart, ...apart])] }
    }
    return applied
  }

  /** @throws what says nothing of the commit: trouble that may pass, and mistakes of this program */
  async #rebase(commit: TableCommit, reason: string): Promise<CommitSettlement | 'made'> {
    const refused = { commit, reason, apply: (rebased: TableCommit) => this.#apply(rebased) }
    const outcome = await rebaseRefused(this.#store, this.#metadata, refused, this.#signal)
    if (outcome.kind === 'conflict') return { kind: 'settled', outcome }
    if (outcome.manifestList !== undefined) this.manifestLists.push(outcome.manifestList)
    this.#metadata = outcome.metadata
    return 'made'
  }
}
