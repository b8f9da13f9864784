import type { ManagedTable } from '../records/managed-table.ts'
import type { OptimizingProcess } from '../records/optimizing-process.ts'

/** Why a running process no longer fits the settings of its table; `undefined` if it does. */
export function unwantedProcess(table: ManagedTable, process: OptimizingProcess): string | undefined {
  const { enabled, group } = table.settings
  if (!enabled) return 'optimizing of the table was switched off (self-optimizing.enabled)'
  if (group !== process.group) return `the table was moved to group '${group}' (self-optimizing.group)`
  return undefined
}
