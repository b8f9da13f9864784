import type { ManagedTable } from '../records/managed-table.ts'
import type { Pause } from '../records/pause.ts'
import { patchTable, type StateChange } from '../store/state-change.ts'

/** A pause on a pause changes who asked and since when, and why, if it says so. */
export function pauseTable(table: ManagedTable, pause: Pause): readonly StateChange[] {
  const reason = pause.reason ?? table.pause?.reason
  return [patchTable(table, { pause: { ...pause, ...(reason !== undefined && { reason }) } })]
}

export function resumeTable(table: ManagedTable): readonly StateChange[] {
  return table.pause === undefined ? [] : [patchTable(table, { pause: undefined })]
}
