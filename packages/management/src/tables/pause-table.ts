import { patchTable, type StateChange } from '../store/state-change.ts'
import type { ManagedTable } from './managed-table.ts'
import type { Pause } from './pause.ts'

/** A pause on a pause changes who asked, why and since when. */
export function pauseTable(table: ManagedTable, pause: Pause): readonly StateChange[] {
  return [patchTable(table, { pause })]
}

export function resumeTable(table: ManagedTable): readonly StateChange[] {
  return table.pause === undefined ? [] : [patchTable(table, { pause: undefined })]
}
