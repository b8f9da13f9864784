import { explainQuery, type TableExplanationBody, tableExplanation } from '@moraine/api/rest/explain-schemas'
import { tableParams } from '@moraine/api/rest/table-schemas'
import type { ManagedTable } from '@moraine/management/records/managed-table'
import { asksFor } from '@moraine/management/records/optimize-request'
import type { Stores } from '@moraine/management/store/stores'
import type { ExplainQuery, TableInspection } from '@moraine/management/table-work/table-inspection'
import { describeError, isKind } from '@moraine/stdx/error'
import { findTable } from '../../catalogs/find-table.ts'
import type { InTime } from '../../requests/answer-in-time.ts'
import { holdFinder } from '../../waiting/hold-finder.ts'
import type { PlannedAheadDeps } from '../../waiting/planned-ahead.ts'
import { loadExplanation } from './load-explanation.ts'
import type { VerdictDeps } from './load-verdict.ts'
import { type ApiServer, answers, success } from './route-types.ts'
import { TABLE_PREFIX } from './table-routes.ts'

export type ExplainRouteDeps = VerdictDeps & {
  readonly stores: Pick<Stores, 'tables' | 'catalogs' | 'discards'>
  readonly inspection: Pick<TableInspection, 'explainPartitions'>
  readonly isWithheld: PlannedAheadDeps['isWithheld']
  readonly inTime: InTime
}

/** Everything that bears on whether a table is optimized, in one answer. Not in Amoro. */
export function explainRoute(server: ApiServer, deps: ExplainRouteDeps): void {
  const { stores, inspection, inTime, clock } = deps
  const findHolds = holdFinder(stores, clock)
  server.get(
    `${TABLE_PREFIX}/explain`,
    {
      schema: {
        tags: ['tables'],
        summary: 'Why the table is, or is not, being optimized, with all that bears on it',
        description:
          'Verdict and remedy, place in the queue, quota, who works on it, the last failures, outputs that are not known to be in the table, and what the triggers make of its partitions.',
        params: tableParams,
        querystring: explainQuery,
        response: answers(tableExplanation),
      },
    },
    async (request, reply) => {
      const { params, query } = request
      const table = await findTable(stores, params)
      const asked: ExplainQuery = {
        clocks: await stores.tables.listClocks(table.tableId),
        now: clock.now(),
        limit: query.partitions,
        ...(query.partition !== undefined && { partitionPath: query.partition }),
      }
      const explanation = await loadExplanation({ ...deps, findHolds }, table)
      const explain: Explain = () =>
        inTime(request, reply, (signal) => inspection.explainPartitions(table.name, asked, signal))
      return success({ ...explanation, ...(await partitionsOf(asked.limit, table, explain)) })
    },
  )
}

type Explain = () => ReturnType<TableInspection['explainPartitions']>
type Partitions = Pick<TableExplanationBody, 'partitions' | 'partitionsTotal' | 'partitionsFailure'>

/** What is known without the table's files is told although they cannot be read: that is when people ask. */
async function partitionsOf(
  limit: number,
  { request }: Pick<ManagedTable, 'request'>,
  explain: Explain,
): Promise<Partitions> {
  if (limit === 0) return { partitions: [], partitionsTotal: 0, partitionsFailure: null }
  try {
    const { partitions, total } = await explain()
    return {
      partitions: partitions.map(({ partitionPath, due, finding, optimizedAt }) => ({
        partition: partitionPath,
        due: due ?? null,
        text: finding.text,
        figures: { ...finding.figures },
        isRequested: request !== undefined && asksFor(request, partitionPath),
        optimizedAt: { ...optimizedAt },
      })),
      partitionsTotal: total,
      partitionsFailure: null,
    }
  } catch (error) {
    // The client has gone.
    if (isKind(error, 'aborted')) throw error
    return { partitions: [], partitionsTotal: 0, partitionsFailure: describeError(error) }
  }
}
