import { optimizeBody, tableParams, tableVerdict } from '@moraine/api/rest/table-schemas'
import type { ManagedTable } from '@moraine/management/records/managed-table'
import { formatTableName } from '@moraine/management/records/table-name'
import type { Stores } from '@moraine/management/store/stores'
import type { TableInspection } from '@moraine/management/table-work/table-inspection'
import { checkAborted } from '@moraine/stdx/abort'
import { unreachable } from '@moraine/stdx/assert'
import { MoraineError } from '@moraine/stdx/error'
import { findTable } from '../../catalogs/find-table.ts'
import { type RequestAnswer, requestOptimizing } from '../../changes/request-optimizing.ts'
import type { InTime } from '../../requests/answer-in-time.ts'
import { identityOf } from './guard-routes.ts'
import { type VerdictDeps, verdictLoader } from './load-verdict.ts'
import { refuseUnknownFields } from './refuse-unknown-fields.ts'
import { type ApiServer, answers, success } from './route-types.ts'
import { REQUEST } from './table-change/plan-table-change.ts'
import { TABLE_PREFIX } from './table-routes.ts'

type OptimizeRouteDeps = VerdictDeps & {
  readonly stores: Stores
  readonly inspection: Pick<TableInspection, 'checkRequest'>
  readonly inTime: InTime
}

/** A person has a table, or some of its partitions, optimized now. Not in Amoro. */
export function optimizeRoute(server: ApiServer, deps: OptimizeRouteDeps): void {
  const { stores, inspection, inTime, clock } = deps
  const loadVerdict = verdictLoader(deps)
  server.post(
    `${TABLE_PREFIX}/optimize`,
    {
      schema: {
        tags: ['tables'],
        summary: 'Have the table, or some of its partitions, optimized now',
        description:
          'It goes before other tables and does not wait for intervals. A request of the whole table takes the place of one that waits; partitions join those that wait. 409 while a process runs, and where a request waits that looks for something else.',
        params: tableParams,
        body: optimizeBody,
        response: answers(tableVerdict),
      },
      // Without a body everything is as by default.
      preValidation: async (request) => {
        request.body ??= { type: 'auto' }
      },
    },
    async (request, reply) => {
      const { params, body } = request
      // A misspelled field would have all of the table rewritten.
      refuseUnknownFields(body, optimizeBody, REQUEST)
      const { tableId, name } = await findTable(stores, params)
      const { type, filter, partitions } = body
      const parts = { ...(filter !== undefined && { filter }), ...(partitions !== undefined && { partitions }) }
      const answer = await inTime(request, reply, async (signal) => {
        if (Object.keys(parts).length > 0) await inspection.checkRequest(name, parts, signal)
        checkAborted(signal, `asking for ${formatTableName(name)}`)
        return requestOptimizing(stores, clock, tableId, { type, ...parts, by: identityOf(request).name })
      })
      if (answer === 'busy') throw busy(await findTable(stores, params))
      if (answer !== 'accepted') throw refusal(answer, formatTableName(name))
      return success(await loadVerdict(await findTable(stores, params)))
    },
  )
}

/** By the table as it is a moment later: its process may have gone on. */
function busy({ name, state }: ManagedTable): MoraineError {
  const table = formatTableName(name)
  if (state.phase === 'executing') {
    const cancel = `moraine table cancel ${[...name.namespace, name.name].join('.')} --catalog ${name.catalog}`
    return new MoraineError(
      'conflict',
      `process ${state.processId} of table ${table} is running already; ask again once it has ended, or cancel it first (\`${cancel}\`)`,
    )
  }
  if (state.phase === 'committing') {
    return new MoraineError(
      'conflict',
      `process ${state.processId} of table ${table} is being committed, and cannot be canceled any more; ask again once it has ended`,
    )
  }
  return new MoraineError('conflict', `table ${table} is being planned, or was until now; ask again in a moment`)
}

function refusal(answer: Exclude<RequestAnswer, 'accepted' | 'busy'>, table: string): MoraineError {
  switch (answer) {
    case 'disabled':
      return new MoraineError('conflict', `optimizing of ${table} is off; set self-optimizing.enabled to true`)
    case 'asked-otherwise':
      return new MoraineError(
        'conflict',
        `${table} waits to be planned for another request, which this one cannot join: ask with its type and filter, as explain tells them, or once it is planned`,
      )
    case 'no-such-table':
      return new MoraineError('not-found', `table ${table} is not managed any more`)
    default:
      return unreachable(answer)
  }
}
