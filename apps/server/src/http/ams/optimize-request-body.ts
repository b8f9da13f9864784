import type { TableExplanationBody } from '@moraine/api/rest/explain-schemas'
import type { TableVerdictBody } from '@moraine/api/rest/table-schemas'
import type { OptimizeRequest, PastRequest } from '@moraine/management/records/optimize-request'

export function requestBody(request: OptimizeRequest): NonNullable<TableExplanationBody['request']> {
  const { type, filter = null, partitions, requestedAt, by = null } = request
  return { type, filter, partitions: partitions === undefined ? null : [...partitions], requestedAt, by }
}

export function pastRequestBody(request: PastRequest): NonNullable<TableVerdictBody['lastRequest']> {
  const { answeredAt, kind } = request
  const answer =
    kind === 'planned' ? { processId: request.processId, reason: null } : { processId: null, reason: request.reason }
  return { ...requestBody(request), answeredAt, answer: kind, ...answer }
}
