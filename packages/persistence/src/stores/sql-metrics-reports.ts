import type { MetricsReport, MetricsReportStore } from '@moraine/management/catalogs/metrics-report'
import type { TableName } from '@moraine/management/records/table-name'
import type { Kysely } from 'kysely'
import { nameHash } from '../name-hash.ts'
import { fromJson } from '../rows/json-column.ts'
import type { Database, MetricsReportRow } from '../schema.ts'

export function sqlMetricsReports(db: Kysely<Database>): MetricsReportStore {
  return {
    async addReports(reports) {
      if (reports.length === 0) return
      await db.transaction().execute(async (transaction) => {
        const ids = reports.map(({ reportId }) => reportId)
        const known = await transaction
          .selectFrom('metrics_report')
          .select('report_id')
          .where('report_id', 'in', ids)
          .execute()
        const there = new Set(known.map((row) => row.report_id))
        const fresh = reports.filter(({ reportId }) => !there.has(reportId))
        if (fresh.length > 0) await transaction.insertInto('metrics_report').values(fresh.map(rowOf)).execute()
      })
    },
    async listReports(table, { kind, offset, limit }) {
      let matching = db.selectFrom('metrics_report').where('table_hash', '=', hashOf(table))
      if (kind !== undefined) matching = matching.where('kind', '=', kind)
      const rows = await matching.selectAll().orderBy('report_id', 'desc').offset(offset).limit(limit).execute()
      const { total } = await matching.select(({ fn }) => fn.countAll().as('total')).executeTakeFirstOrThrow()
      return { reports: rows.map(reportOf), total: Number(total) }
    },
    async removeReports(before, limit) {
      const old = await db
        .selectFrom('metrics_report')
        .select('report_id')
        .where('received_at', '<', before)
        .limit(limit)
        .execute()
      if (old.length === 0) return 0
      const ids = old.map((row) => row.report_id)
      await db.deleteFrom('metrics_report').where('report_id', 'in', ids).execute()
      return old.length
    },
  }
}

function hashOf({ catalog, namespace, name }: TableName): string {
  return nameHash(catalog, namespace, name)
}

function rowOf({ reportId, table, kind, snapshotId, principal, receivedAt, report }: MetricsReport): MetricsReportRow {
  return {
    report_id: reportId,
    table_hash: hashOf(table),
    catalog_name: table.catalog,
    namespace: JSON.stringify(table.namespace),
    name: table.name,
    kind,
    snapshot_id: String(snapshotId),
    principal,
    received_at: receivedAt,
    report,
  }
}

function reportOf(row: MetricsReportRow): MetricsReport {
  return {
    reportId: row.report_id,
    table: { catalog: row.catalog_name, namespace: fromJson<string[]>(row.namespace), name: row.name },
    kind: row.kind,
    snapshotId: BigInt(row.snapshot_id),
    principal: row.principal,
    receivedAt: row.received_at,
    report: row.report,
  }
}
