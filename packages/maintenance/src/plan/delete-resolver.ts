import type { ManifestEntry } from '@moraine/iceberg/manifest/manifest-entry'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { DeleteIndex } from '@moraine/iceberg/scan/delete-index'
import type { FileSegment } from '@moraine/iceberg/scan/file-segment'
import type { PartitionDictionary } from '@moraine/iceberg/scan/partition-dictionary'
import { isPrimitive, type PrimitiveType } from '@moraine/iceberg/schema/type'
import { DeleteReach, reachedRows } from './delete-reach.ts'
import { CLEAN, type DeleteState, deleteStateOf } from './delete-state.ts'
import type { SegmentDeletes } from './file-index.ts'

/** How the deletes of a table differ from those that an index knows. */
export type DeleteChange = { readonly added: readonly ManifestEntry[]; readonly gone: ReadonlySet<ManifestEntry> }

/** Resolves the deletes of data files against those of the whole table, all at once or after a change. */
export class DeleteResolver {
  readonly #index: DeleteIndex
  readonly #partitions: PartitionDictionary
  readonly #all: DeleteReach
  readonly #added: DeleteReach
  readonly #change: DeleteChange
  readonly #reachOf: (ordinal: number) => number
  readonly #ids = new Map<ManifestEntry, number>()
  readonly #states = new Map<string, DeleteState>()

  constructor(
    metadata: TableMetadata,
    deletes: readonly ManifestEntry[],
    change: DeleteChange,
    partitions: PartitionDictionary,
  ) {
    const specs = new Map(metadata.partitionSpecs.map((spec) => [spec.specId, spec]))
    this.#index = new DeleteIndex(deletes, specs, comparableTypes(metadata))
    this.#all = new DeleteReach(deletes, specs)
    this.#added = new DeleteReach(change.added, specs)
    this.#change = change
    this.#partitions = partitions
    this.#reachOf = this.#all.byOrdinal(partitions)
    for (const [id, entry] of deletes.entries()) this.#ids.set(entry, id)
  }

  /** False only if no delete applies to a file of this partition, sequence number and path hash. */
  mayReach(partition: number, dataSequenceNumber: number, pathHash: () => number): boolean {
    if (this.#index.isEmpty) return false
    return dataSequenceNumber <= this.#reachOf(partition) || dataSequenceNumber <= this.#all.byPathHash(pathHash())
  }

  /** The rows of a segment known before whose deletes have to be resolved again with paths and metrics, ascending. */
  rowsToResolve(files: FileSegment, known: SegmentDeletes | undefined): readonly number[] {
    const rows = this.#change.added.length === 0 ? [] : reachedRows(files, this.#added, this.#partitions)
    if (known === undefined || this.#change.gone.size === 0) return rows
    // A vector that is gone may have hidden position deletes, and what is left of several may be in the wanted form.
    const changed = known.rows.filter((_, at) =>
      known.states[at]?.positions.some((each) => this.#change.gone.has(each)),
    )
    return changed.length === 0 ? rows : [...new Set([...rows, ...changed])].sort((a, b) => a - b)
  }

  /** Rows with the same deletes get the same object. */
  resolve(data: ManifestEntry): DeleteState {
    const applied = this.#index.deletesFor(data)
    if (applied.length === 0) return CLEAN
    const state = deleteStateOf(applied, data.file.filePath)
    const key = `${state.isCompact}${applied.map((entry) => this.#ids.get(entry)).join()}`
    const known = this.#states.get(key)
    if (known === undefined) this.#states.set(key, state)
    return known ?? state
  }

  /** What a segment had, with some rows resolved again, and without equality deletes that are gone. */
  merge(
    known: SegmentDeletes | undefined,
    resolved: { readonly rows: readonly number[]; readonly states: readonly DeleteState[] },
  ): SegmentDeletes | undefined {
    if (resolved.rows.length === 0 && (known === undefined || this.#change.gone.size === 0)) return known
    const states = new Map<number, DeleteState>()
    for (const [at, row] of known?.rows.entries() ?? []) states.set(row, this.#withoutGone(known?.states[at] ?? CLEAN))
    for (const [at, row] of resolved.rows.entries()) states.set(row, resolved.states[at] ?? CLEAN)
    const rows = [...states.keys()].filter((row) => states.get(row) !== CLEAN).sort((a, b) => a - b)
    if (rows.length === 0) return undefined
    return { rows: Uint32Array.from(rows), states: rows.map((row) => states.get(row) ?? CLEAN) }
  }

  #withoutGone(state: DeleteState): DeleteState {
    const { gone } = this.#change
    if (!state.applied.some((entry) => gone.has(entry))) return state
    const left = (entries: readonly ManifestEntry[]) => entries.filter((entry) => !gone.has(entry))
    const applied = left(state.applied)
    if (applied.length === 0) return CLEAN
    const key = `${state.isCompact}${applied.map((entry) => this.#ids.get(entry)).join()}`
    const known = this.#states.get(key)
    if (known !== undefined) return known
    const equality = left(state.equality)
    const made = { ...state, applied, equality, effective: [...equality, ...state.positions] }
    this.#states.set(key, made)
    return made
  }
}

// Equality fields may be nested or dropped; types may have been widened, which bounds of either width survive.
function comparableTypes(metadata: TableMetadata): (fieldId: number) => PrimitiveType | undefined {
  const types = new Map<number, PrimitiveType>()
  for (const schema of metadata.schemas) {
    for (const field of schema.fields) if (isPrimitive(field.type)) types.set(field.id, field.type)
  }
  return (fieldId) => {
    const type = types.get(fieldId)
    // Bounds of floats do not say whether there are NaNs, which equality deletes can name.
    return type?.kind === 'float' || type?.kind === 'double' ? undefined : type
  }
}
