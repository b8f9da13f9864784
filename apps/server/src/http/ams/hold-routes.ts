import { blockerParams, blocker as blockerSchema, newBlockerBody, pauseBody } from '@moraine/api/rest/hold-schemas'
import { tableParams, tableVerdict } from '@moraine/api/rest/table-schemas'
import type { ManagedTable } from '@moraine/management/records/managed-table'
import { formatTableName } from '@moraine/management/records/table-name'
import type { StateChange } from '@moraine/management/store/state-change'
import type { Stores } from '@moraine/management/store/stores'
import { pauseTable, resumeTable } from '@moraine/management/tables/pause-table'
import { MoraineError } from '@moraine/stdx/error'
import { type Static, Type } from 'typebox'
import { findTable } from '../../catalogs/find-table.ts'
import { applyDecision } from '../../changes/apply-decision.ts'
import { type EndingBlocker, type TableBlockersDeps, tableBlockers } from '../../changes/table-blockers.ts'
import { identityOf } from './guard-routes.ts'
import { type VerdictDeps, verdictLoader } from './load-verdict.ts'
import { refuseUnknownFields } from './refuse-unknown-fields.ts'
import { type ApiServer, answers, success } from './route-types.ts'
import { REQUEST } from './table-change/plan-table-change.ts'
import { TABLE_PREFIX } from './table-routes.ts'

export type HoldRoutesDeps = VerdictDeps & TableBlockersDeps & { readonly stores: Stores }

const tags = ['tables']

/** What keeps a table from being worked on: a person's pause, and leases of engines. Not in Amoro's REST API. */
export function holdRoutes(server: ApiServer, deps: HoldRoutesDeps): void {
  pauseRoutes(server, deps)
  blockerRoutes(server, deps)
}

function pauseRoutes(server: ApiServer, deps: HoldRoutesDeps): void {
  const { stores, clock } = deps
  const loadVerdict = verdictLoader(deps)
  const change = async (
    params: Static<typeof tableParams>,
    decide: (table: ManagedTable) => readonly StateChange[],
  ) => {
    const { tableId, name } = await findTable(stores, params)
    await applyDecision(stores.state, `table ${formatTableName(name)}`, async () => {
      const table = await stores.tables.findTable(tableId)
      return { changes: table === undefined ? [] : decide(table) }
    })
    return success(await loadVerdict(await findTable(stores, params)))
  }
  server.post(
    `${TABLE_PREFIX}/pause`,
    {
      schema: {
        tags,
        summary: 'Leave the table alone until it is resumed',
        description: 'Tasks that run may end. No plan is made, no task handed out, nothing committed.',
        params: tableParams,
        body: pauseBody,
        response: answers(tableVerdict),
      },
      preValidation: async (request) => {
        request.body ??= {}
      },
    },
    async (request) => {
      refuseUnknownFields(request.body, pauseBody, REQUEST)
      const { reason } = request.body
      const pause = { since: clock.now(), by: identityOf(request).name, ...(reason !== undefined && { reason }) }
      return change(request.params, (table) => pauseTable(table, pause))
    },
  )
  server.post(
    `${TABLE_PREFIX}/resume`,
    { schema: { tags, summary: 'End the pause', params: tableParams, response: answers(tableVerdict) } },
    async ({ params }) => change(params, resumeTable),
  )
}

function blockerRoutes(server: ApiServer, deps: HoldRoutesDeps): void {
  const { stores } = deps
  const blockers = tableBlockers(deps)
  const path = `${TABLE_PREFIX}/blockers`
  server.get(
    path,
    {
      schema: {
        tags,
        summary: 'Leases that forbid operations on the table',
        params: tableParams,
        response: answers(Type.Array(blockerSchema)),
      },
    },
    async ({ params }) => success((await blockers.list(await findTable(stores, params))).map(blockerBody)),
  )
  server.post(
    path,
    {
      schema: {
        tags,
        summary: 'Forbid operations for a while',
        description:
          '409 if a lease that lives forbids one of them. It ends after blocker.timeout unless it is renewed.',
        params: tableParams,
        body: newBlockerBody,
        response: answers(blockerSchema),
      },
    },
    async (request) => {
      refuseUnknownFields(request.body, newBlockerBody, REQUEST)
      const { operations, properties = {} } = request.body
      const table = await findTable(stores, request.params)
      return success(blockerBody(await blockers.block(table, { operations, properties })))
    },
  )
  server.post(
    `${path}/:blocker/renew`,
    { schema: { tags, summary: 'Keep a lease', params: blockerParams, response: answers(blockerSchema) } },
    async ({ params }) => success(blockerBody(await blockers.renew(await findTable(stores, params), params.blocker))),
  )
  server.delete(
    `${path}/:blocker`,
    { schema: { tags, summary: 'Give a lease back', params: blockerParams, response: answers(Type.Boolean()) } },
    async ({ params }) => {
      const table = await findTable(stores, params)
      if (!(await blockers.release(table, params.blocker))) throw noLease(table, params.blocker)
      return success(true)
    },
  )
}

function noLease({ name }: Pick<ManagedTable, 'name'>, blockerId: string): MoraineError {
  return new MoraineError(
    'not-found',
    `table ${formatTableName(name)} has no lease '${blockerId}': it has ended, or is another table's`,
  )
}

function blockerBody({ blockerId, operations, properties, createdAt, expiresAt }: EndingBlocker) {
  return { blockerId, operations: [...operations], properties: { ...properties }, createdAt, expiresAt }
}
