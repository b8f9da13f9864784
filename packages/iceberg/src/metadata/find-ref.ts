import type { SnapshotRef } from './snapshot.ts'
import type { TableMetadata } from './table-metadata.ts'

/** A branch or tag by name. People choose the names: `constructor` is one like any other. */
export function findRef({ refs }: Pick<TableMetadata, 'refs'>, name: string): SnapshotRef | undefined {
  return Object.hasOwn(refs, name) ? refs[name] : undefined
}
