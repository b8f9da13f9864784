import { page, pageQuery } from '@moraine/api/rest/envelope'
import { tableConsumer, tableOperation, tableRef } from '@moraine/api/rest/inspection-schemas'
import { tableParams } from '@moraine/api/rest/table-schemas'
import type { Stores } from '@moraine/management/store/stores'
import type { RefDescription, TableInspection } from '@moraine/management/table-work/table-inspection'
import { Type } from 'typebox'
import { findTable } from '../../catalogs/find-table.ts'
import type { InTime } from '../../requests/answer-in-time.ts'
import { type ApiServer, answers, pageOf, success } from './route-types.ts'
import { TABLE_PREFIX } from './table-routes.ts'

type HistoryRoutesDeps = { readonly stores: Stores; readonly inspection: TableInspection; readonly inTime: InTime }

const tags = ['tables']

/** Who refers to which state of a table, and how its definition came to be what it is. */
export function historyRoutes(server: ApiServer, { stores, inspection, inTime }: HistoryRoutesDeps): void {
  server.get(
    `${TABLE_PREFIX}/operations`,
    {
      schema: {
        tags,
        summary: 'Changes of schema and properties as SQL, newest first',
        description: 'Read from the metadata files that the table still keeps.',
        params: tableParams,
        querystring: Type.Object(pageQuery),
        response: answers(page(tableOperation)),
      },
    },
    async (request, reply) => {
      const { params, query } = request
      const { name } = await findTable(stores, params)
      const { operations, total } = await inTime(request, reply, (signal) =>
        inspection.listOperations(name, pageOf(query), signal),
      )
      return success({ list: operations.map(({ at, statement }) => ({ ts: at, operation: statement })), total })
    },
  )
  for (const [path, type] of [
    ['tags', 'tag'],
    ['branches', 'branch'],
  ] as const) {
    server.get(
      `${TABLE_PREFIX}/${path}`,
      {
        schema: {
          tags,
          summary: type === 'tag' ? 'Tags' : 'Branches, main first',
          params: tableParams,
          querystring: Type.Object(pageQuery),
          response: answers(page(tableRef)),
        },
      },
      async (request, reply) => {
        const { params, query } = request
        const { name } = await findTable(stores, params)
        const refs = await inTime(request, reply, (signal) => inspection.listRefs(name, type, signal))
        const { offset, limit } = pageOf(query)
        return success({ list: refs.slice(offset, offset + limit).map(refBody), total: refs.length })
      },
    )
  }
  server.get(
    `${TABLE_PREFIX}/consumers`,
    {
      schema: {
        tags,
        summary: 'Consumers, which tables of Paimon have; those of Iceberg have none',
        params: tableParams,
        querystring: Type.Object(pageQuery),
        response: answers(page(tableConsumer)),
      },
    },
    async ({ params }) => {
      await findTable(stores, params)
      return success({ list: [], total: 0 })
    },
  )
}

function refBody({ name, type, snapshotId, ...ref }: RefDescription) {
  return {
    name,
    snapshotId,
    snapshotIdText: snapshotId.toString(),
    minSnapshotsToKeep: ref.minSnapshotsToKeep ?? null,
    maxSnapshotAgeMs: ref.maxSnapshotAgeMs ?? null,
    maxRefAgeMs: ref.maxRefAgeMs ?? null,
    type,
  }
}
