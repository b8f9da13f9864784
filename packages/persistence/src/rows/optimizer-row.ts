import type { OptimizerState } from '@moraine/lifecycle/optimizer-status'
import type { Optimizer } from '@moraine/management/records/optimizer'
import { must } from '@moraine/stdx/assert'
import type { OptimizerRow } from '../schema.ts'
import { fromJson } from './json-column.ts'

export function optimizerFromRow(row: OptimizerRow): Optimizer {
  return {
    optimizerId: row.optimizer_id,
    group: row.group_name,
    container: row.container,
    resourceId: row.resource_id,
    threads: row.threads,
    memoryMb: row.memory_mb,
    registeredAt: row.registered_at,
    properties: fromJson(row.properties),
    state: stateFromRow(row),
  }
}

export function optimizerToRow(optimizer: Optimizer, tokenHash: string): OptimizerRow {
  return {
    optimizer_id: optimizer.optimizerId,
    token_hash: tokenHash,
    group_name: optimizer.group,
    container: optimizer.container,
    resource_id: optimizer.resourceId,
    threads: optimizer.threads,
    memory_mb: optimizer.memoryMb,
    registered_at: optimizer.registeredAt,
    properties: JSON.stringify(optimizer.properties),
    ...optimizerStateToRow(optimizer.state),
  }
}

export function optimizerStateToRow(state: OptimizerState) {
  const gone = state.status === 'gone'
  return {
    status: state.status,
    touched_at: state.touchedAt,
    gone_at: gone ? state.goneAt : null,
    reason: gone ? state.reason : null,
  }
}

function stateFromRow(row: OptimizerRow): OptimizerState {
  const { status, touched_at: touchedAt } = row
  if (status !== 'gone') return { status, touchedAt }
  const what = `gone optimizer ${row.optimizer_id}`
  return {
    status,
    touchedAt,
    goneAt: must(row.gone_at, `gone_at of ${what}`),
    reason: must(row.reason, `reason of ${what}`),
  }
}
