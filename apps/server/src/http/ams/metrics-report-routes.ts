import { page } from '@moraine/api/rest/envelope'
import { metricsReport, metricsReportQuery } from '@moraine/api/rest/metrics-report-schemas'
import { tableParams } from '@moraine/api/rest/table-schemas'
import type { Stores } from '@moraine/management/store/stores'
import { findTable } from '../../catalogs/find-table.ts'
import { type ApiServer, answers, pageOf, success } from './route-types.ts'
import { TABLE_PREFIX } from './table-routes.ts'

/** What engines report of their scans and commits through our REST catalog. Not in Amoro. */
export function metricsReportRoutes(server: ApiServer, { stores }: { readonly stores: Stores }): void {
  server.get(
    `${TABLE_PREFIX}/metrics-reports`,
    {
      schema: {
        tags: ['tables'],
        summary: 'Reports of engines on scans and commits, newest first',
        params: tableParams,
        querystring: metricsReportQuery,
        response: answers(page(metricsReport)),
      },
    },
    async ({ params, query }) => {
      const { name } = await findTable(stores, params)
      const { kind } = query
      const { reports, total } = await stores.reports.listReports(name, {
        ...pageOf(query),
        ...(kind !== undefined && { kind }),
      })
      const list = reports.map(({ reportId, kind: of, snapshotId, principal, receivedAt, report }) => ({
        reportId,
        kind: of,
        snapshotId: String(snapshotId),
        principal,
        receivedAt,
        report,
      }))
      return success({ list, total })
    },
  )
}
