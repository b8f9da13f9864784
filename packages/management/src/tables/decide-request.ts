import type { EpochMs } from '@moraine/stdx/brand'
import type { ManagedTable } from '../records/managed-table.ts'
import type { OptimizeRequest } from '../records/optimize-request.ts'
import { patchTable, type StateChange } from '../store/state-change.ts'
import { uniteRequests } from './unite-requests.ts'

export type RequestDecision =
  | { readonly kind: 'accepted'; readonly changes: readonly StateChange[] }
  | { readonly kind: 'refused'; readonly why: 'disabled' | 'busy' | 'asked-otherwise' }

/**
 * A person wants the table optimized now: it goes before others and does not wait for intervals or its back-off. Refused
 * while a process owns the table, and where another request waits that it cannot be united with. A table that has never been
 * evaluated is planned after that: else it would not be known again if it got another name meanwhile.
 */
export function decideRequest(table: ManagedTable, asked: OptimizeRequest, now: EpochMs): RequestDecision {
  if (!table.settings.enabled) return { kind: 'refused', why: 'disabled' }
  const { phase } = table.state
  if (phase !== 'idle' && phase !== 'pending') return { kind: 'refused', why: 'busy' }
  const request = table.request === undefined ? asked : uniteRequests(table.request, asked)
  if (request === undefined) return { kind: 'refused', why: 'asked-otherwise' }
  const moves = phase === 'idle' && table.evaluation !== undefined
  return {
    kind: 'accepted',
    changes: [patchTable(table, { request, ...(moves && { state: { phase: 'pending', since: now } }) })],
  }
}
