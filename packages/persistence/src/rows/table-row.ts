import type { TableState } from '@moraine/lifecycle/table-phase'
import type { ManagedTable, PendingTable, TablePatch } from '@moraine/management/records/managed-table'
import type { OptimizingProcess } from '@moraine/management/records/optimizing-process'
import type { TableEvaluation } from '@moraine/management/records/table-evaluation'
import type { TableName } from '@moraine/management/records/table-name'
import { DEFAULT_TABLE_SETTINGS, type TableSettings } from '@moraine/management/records/table-settings'
import { assert } from '@moraine/stdx/assert'
import { nameHash } from '../name-hash.ts'
import type { ManagedTableRow } from '../schema.ts'
import { fromJson, fromNullableJson, toJson } from './json-column.ts'

export function tableFromRow(row: ManagedTableRow): ManagedTable {
  return {
    ...pendingFromRow(row),
    format: row.format,
    createdAt: row.created_at,
    evaluation: evaluationFromJson(row.evaluation),
    evaluatedAt: row.evaluated_at ?? undefined,
    refreshFailure: fromNullableJson(row.refresh_failure),
    emptyPlan: fromNullableJson(row.empty_plan),
    optimizedSnapshotId: snapshotIdFromText(row.optimized_snapshot_id),
    lastRequest: fromNullableJson(row.last_request),
  }
}

export const PENDING_COLUMNS = [
  ...['table_id', 'catalog_name', 'namespace', 'table_name', 'version', 'settings', 'phase', 'phase_since'],
  ...['optimizing_type', 'process_id', 'optimized_at', 'planned_at', 'back_off', 'request', 'pause'],
] as const satisfies readonly (keyof ManagedTableRow)[]

export function pendingFromRow(row: Pick<ManagedTableRow, (typeof PENDING_COLUMNS)[number]>): PendingTable {
  return {
    tableId: row.table_id,
    name: nameFromRow(row),
    version: row.version,
    settings: settingsFromJson(row.settings),
    state: stateFromRow(row),
    optimizedAt: row.optimized_at ?? undefined,
    plannedAt: row.planned_at ?? undefined,
    backOff: fromNullableJson(row.back_off),
    request: fromNullableJson(row.request),
    pause: fromNullableJson(row.pause),
  }
}

export function nameFromRow(row: Pick<ManagedTableRow, 'catalog_name' | 'namespace' | 'table_name'>): TableName {
  return { catalog: row.catalog_name, namespace: fromJson<string[]>(row.namespace), name: row.table_name }
}

/** An earlier version may have stored fewer of them. */
export function settingsFromJson(text: string): TableSettings {
  return { ...DEFAULT_TABLE_SETTINGS, ...fromJson<Partial<TableSettings>>(text) }
}

/** The columns that a patch names. */
export function patchToRow(patch: TablePatch): Partial<ManagedTableRow> {
  return {
    ...(patch.settings && { settings: JSON.stringify(patch.settings), group_name: patch.settings.group }),
    ...(patch.state && stateToRow(patch.state)),
    ...('evaluation' in patch && {
      evaluation: evaluationToJson(patch.evaluation),
      uuid_hash: patch.evaluation?.tableUuid === undefined ? null : nameHash(patch.evaluation.tableUuid),
    }),
    ...('evaluatedAt' in patch && { evaluated_at: patch.evaluatedAt ?? null }),
    ...('refreshFailure' in patch && { refresh_failure: toJson(patch.refreshFailure) }),
    ...('emptyPlan' in patch && { empty_plan: toJson(patch.emptyPlan) }),
    ...('optimizedSnapshotId' in patch && { optimized_snapshot_id: patch.optimizedSnapshotId?.toString() ?? null }),
    ...('optimizedAt' in patch && { optimized_at: patch.optimizedAt ?? null }),
    ...('plannedAt' in patch && { planned_at: patch.plannedAt ?? null }),
    ...('backOff' in patch && { back_off: toJson(patch.backOff) }),
    ...('request' in patch && { request: toJson(patch.request), requested_at: patch.request?.requestedAt ?? null }),
    ...('lastRequest' in patch && { last_request: toJson(patch.lastRequest) }),
    ...('pause' in patch && { pause: toJson(patch.pause) }),
  }
}

type SnapshotId = OptimizingProcess['baseSnapshotId']

export function snapshotIdFromText(text: string | null): SnapshotId | undefined {
  return text === null ? undefined : (BigInt(text) as SnapshotId)
}

type StateRow = Pick<ManagedTableRow, 'table_id' | 'phase' | 'phase_since' | 'optimizing_type' | 'process_id'>

function stateFromRow(row: StateRow): TableState {
  const { phase, phase_since: since, optimizing_type: type, process_id: processId } = row
  if (phase !== 'executing' && phase !== 'committing') return { phase, since }
  assert(type !== null && processId !== null, `table ${row.table_id} is ${phase} without a process`)
  return { phase, since, type, processId }
}

function stateToRow(state: TableState) {
  const owned = state.phase === 'executing' || state.phase === 'committing'
  return {
    phase: state.phase,
    phase_since: state.since,
    optimizing_type: owned ? state.type : null,
    process_id: owned ? state.processId : null,
  }
}

/** The evaluation as it is stored: the 64-bit id as text. */
type StoredEvaluation = Omit<TableEvaluation, 'snapshotId'> & { readonly snapshotId: string | null }

function evaluationToJson(evaluation: TableEvaluation | undefined): string | null {
  if (evaluation === undefined) return null
  const stored: StoredEvaluation = { ...evaluation, snapshotId: evaluation.snapshotId?.toString() ?? null }
  return JSON.stringify(stored)
}

function evaluationFromJson(text: string | null): TableEvaluation | undefined {
  if (text === null) return undefined
  const stored = fromJson<StoredEvaluation>(text)
  return {
    ...stored,
    snapshotId: snapshotIdFromText(stored.snapshotId),
    settings: { ...DEFAULT_TABLE_SETTINGS, ...stored.settings },
    needed: stored.needed,
    health: stored.health,
    reevaluateAt: stored.reevaluateAt,
  }
}
