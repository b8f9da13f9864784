import { isOfTable, type OptimizeRequest, PARTITIONS_MAX } from '../records/optimize-request.ts'

/**
 * One request for two, the first of which waits. Of the whole table the last stands, and covers its parts if it looks for
 * the same or for all there is. Partitions that are looked at alike are taken together. `undefined`: no one request says
 * both.
 */
export function uniteRequests(waiting: OptimizeRequest, asked: OptimizeRequest): OptimizeRequest | undefined {
  if (isOfTable(asked)) return asked
  if (isOfTable(waiting) && (waiting.type === asked.type || waiting.type === 'full')) return waiting
  if (waiting.type !== asked.type || waiting.filter !== asked.filter) return undefined
  if (waiting.partitions === undefined) return waiting
  if (asked.partitions === undefined) return asked
  const partitions = [...new Set([...waiting.partitions, ...asked.partitions])]
  return partitions.length > PARTITIONS_MAX ? undefined : { ...waiting, partitions }
}
