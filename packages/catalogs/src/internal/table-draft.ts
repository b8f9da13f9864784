import { isAlreadyMade } from '@moraine/iceberg/commit/already-made'
import { rebaseAppend } from '@moraine/iceberg/commit/rebase-append'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { assert } from '@moraine/stdx/assert'
import { uuidV4 } from '@moraine/stdx/random'
import type { LoadedTable, TableCommit } from '../catalog.ts'
import { type AppliedCommit, applyCommit } from '../metadata-file/apply-commit.ts'
import { removeQuietly } from '../metadata-file/metadata-files.ts'
import type { CommitSettlement } from './commit-settlement.ts'
import type { InternalStore } from './internal-store.ts'
import { checkMove } from './location-rules.ts'

/** The state of a table while several commits are made on it, none of which anybody sees yet. */
export class TableDraft {
  /** Of rebased appends; unreferenced until the draft is committed. */
  readonly manifestLists: string[] = []
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

  /** `made`: it is part of the draft, and ends as that does. Otherwise it has changed nothing. */
  async make(commit: TableCommit): Promise<CommitSettlement | 'made'> {
    try {
      const applied = await this.#apply(commit)
      if (applied.kind === 'conflict') {
        return isAlreadyMade(this.#metadata, commit.updates) ? 'made' : await this.#rebase(commit, applied.reason)
      }
      this.#metadata = applied.metadata
      return 'made'
    } catch (error) {
      return { kind: 'failed', error }
    }
  }

  async #apply(commit: TableCommit): Promise<Exclude<AppliedCommit, { kind: 'missing' }>> {
    const { clock, random, locations, name: catalog } = this.#store
    const { identifier, metadata, metadataLocation } = this.#base
    // The metadata log has the base's file once.
    const base = this.#metadata === metadata ? { metadata, metadataLocation } : { metadata: this.#metadata }
    const applied = applyCommit(base, commit, { now: clock.now(), newTableUuid: uuidV4(random) })
    assert(applied.kind !== 'missing', 'a table that is there is called missing')
    if (applied.kind === 'applied') {
      await checkMove(locations, { catalog, identifier, before: base.metadata, after: applied.metadata })
    }
    return applied
  }

  async #rebase(commit: TableCommit, reason: string): Promise<CommitSettlement | 'made'> {
    const { io, random } = this.#store
    let written: string | undefined
    let refusal = reason
    try {
      const context = { io, random, ...(this.#signal !== undefined && { signal: this.#signal }) }
      const rebased = await rebaseAppend(this.#metadata, commit, context)
      written = rebased?.manifestList
      const applied = rebased && (await this.#apply(rebased))
      if (written !== undefined && applied?.kind === 'applied') {
        this.manifestLists.push(written)
        this.#metadata = applied.metadata
        return 'made'
      }
    } catch (error) {
      refusal += `; it could not be rebased: ${error instanceof Error ? error.message : String(error)}`
    }
    // The commit is refused as it would be without the attempt, of which nothing is to stay.
    if (written !== undefined) await removeQuietly(this.#store, [written])
    return { kind: 'settled', outcome: { kind: 'conflict', reason: refusal } }
  }
}
