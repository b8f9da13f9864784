import { blockerParams, blocker as blockerSchema, newBlockerBody, pauseBody } from '@moraine/api/rest/hold-schemas'
import { tableParams, tableVerdict } from '@moraine/api/rest/table-schemas'
import type { StateChange } from '@moraine/management/store/state-change'
import type { Stores } from '@moraine/management/store/stores'
import type { Blocker } from '@moraine/management/tables/blocker'
import type { ManagedTable } from '@moraine/management/tables/managed-table'
import { pauseTable, resumeTable } from '@moraine/management/tables/pause-table'
import { formatTableName } from '@moraine/management/tables/table-name'
import { type EpochMs, later } from '@moraine/stdx/brand'
import { MoraineError } from '@moraine/stdx/error'
import { type Random, uuidV7 } from '@moraine/stdx/random'
import { type Static, Type } from 'typebox'
import { findTable } from '../../catalogs/find-table.ts'
import { applyDecision } from '../../optimizing/apply-decision.ts'
import { identityOf } from './guard-routes.ts'
import { type VerdictDeps, verdictLoader } from './load-verdict.ts'
import { refuseUnknownFields } from './refuse-unknown-fields.ts'
import { type ApiServer, answers, success } from './route-types.ts'
import { REQUEST } from './table-change/plan-table-change.ts'
import { TABLE_PREFIX } from './table-routes.ts'

export type HoldRoutesDeps = VerdictDeps & {
  readonly stores: Stores
  /** `blocker.timeout` */
  readonly blockerTimeoutMs: number
  /** Whatever waited for a hold may go on. */
  readonly onHoldEnded: () => void
  readonly random: Random
}

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
  const { stores, clock, random, blockerTimeoutMs } = deps
  const path = `${TABLE_PREFIX}/blockers`
  const body = (blocker: Blocker) => blockerBody(blocker, clock.now())
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
    async ({ params }) => {
      const { tableId } = await findTable(stores, params)
      return success((await stores.blockers.listBlockers(tableId)).map(body))
    },
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
      const { params } = request
      const { tableId, name } = await findTable(stores, params)
      const createdAt = clock.now()
      const blockerId = uuidV7(random, createdAt)
      const asked = { blockerId, tableId, operations, properties, createdAt, ttlMs: blockerTimeoutMs }
      const outcome = await stores.blockers.addBlocker(asked)
      if (outcome.kind === 'added') return success(body(outcome.blocker))
      const { blockerId: other, operations: forbidden } = outcome.by
      const text = `table ${formatTableName(name)} is blocked for ${forbidden.join(' and ')} by lease ${other}`
      throw new MoraineError('conflict', `${text}; wait until it ends`)
    },
  )
  server.post(
    `${path}/:blocker/renew`,
    { schema: { tags, summary: 'Keep a lease', params: blockerParams, response: answers(blockerSchema) } },
    async ({ params }) => {
      const { tableId } = await findTable(stores, params)
      const renewed = await stores.blockers.renewBlocker(tableId, params.blocker, blockerTimeoutMs)
      if (renewed === undefined)
        throw new MoraineError('not-found', `lease ${params.blocker} has ended; ask for another`)
      return success(body(renewed))
    },
  )
  server.delete(
    `${path}/:blocker`,
    { schema: { tags, summary: 'Give a lease back', params: blockerParams, response: answers(Type.Boolean()) } },
    async ({ params }) => {
      const { tableId } = await findTable(stores, params)
      const wasThere = await stores.blockers.removeBlocker(tableId, params.blocker)
      if (wasThere) deps.onHoldEnded()
      return success(wasThere)
    },
  )
}

function blockerBody({ blockerId, operations, properties, createdAt, remainingMs }: Blocker, now: EpochMs) {
  return {
    blockerId,
    operations: [...operations],
    properties: { ...properties },
    createdAt,
    expiresAt: later(now, remainingMs),
  }
}
