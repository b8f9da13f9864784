import type { Snapshot } from '../metadata/snapshot.ts'
import type { TableRequirement } from '../metadata/table-requirement.ts'
import type { TableUpdate } from '../metadata/table-update.ts'

/** A snapshot whose files are written and which is not yet part of the table: give it to a catalog, or remove its files. */
export type StagedCommit = {
  readonly snapshot: Snapshot
  readonly requirements: readonly TableRequirement[]
  readonly updates: readonly TableUpdate[]
  /** Manifests and the manifest list written for it; all unreferenced if it is not committed. */
  readonly writtenFiles: readonly string[]
}
