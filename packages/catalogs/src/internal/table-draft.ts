import { isAlreadyMade } from '@moraine/iceberg/commit/already-made'
import { rebaseAppend } from '@moraine/iceberg/commit/rebase-append'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { MoraineError } from '@moraine/stdx/error'
import { uuidV4 } from '@moraine/stdx/random'
import type { LoadedTable, TableCommit } from '../catalog.ts'
import { type AppliedCommit, applyCommit } from '../metadata-file/apply-commit.ts'
import type { CommitSettlement } from './commit-settlement.ts'
import type { InternalStore } from './internal-store.ts'

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
      const applied = this.#apply(commit)
      if (applied.kind === 'applied') {
        this.#metadata = applied.metadata
        return 'made'
      }
      if (applied.kind === 'conflict') {
        return isAlreadyMade(this.#metadata, commit.updates) ? 'made' : await this.#rebase(commit, applied.reason)
      }
      throw new MoraineError('internal', 'a table that is there was called missing')
    } catch (error) {
      return { kind: 'failed', error }
    }
  }

  #apply(commit: TableCommit): AppliedCommit {
    const { clock, random } = this.#store
    const { metadata, metadataLocation } = this.#base
    // The metadata log has the base's file once.
    const base = this.#metadata === metadata ? { metadata, metadataLocation } : { metadata: this.#metadata }
    return applyCommit(base, commit, { now: clock.now(), newTableUuid: uuidV4(random) })
  }

  async #rebase(commit: TableCommit, reason: string): Promise<CommitSettlement | 'made'> {
    const { io, random } = this.#store
    const conflict = (why: string): CommitSettlement => ({
      kind: 'settled',
      outcome: { kind: 'conflict', reason: why },
    })
    try {
      const context = { io, random, ...(this.#signal !== undefined && { signal: this.#signal }) }
      const rebased = await rebaseAppend(this.#metadata, commit, context)
      if (rebased === undefined) return conflict(reason)
      this.manifestLists.push(rebased.manifestList)
      const applied = this.#apply(rebased)
      if (applied.kind !== 'applied') return conflict(reason)
      this.#metadata = applied.metadata
      return 'made'
    } catch (error) {
      // The commit is refused as it would be without the attempt.
      return conflict(`${reason}; it could not be rebased: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
}
