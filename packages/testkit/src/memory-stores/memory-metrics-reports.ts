import type { MetricsReport, MetricsReportStore } from '@moraine/management/catalogs/metrics-report'

export function memoryMetricsReports(): MetricsReportStore {
  let all: readonly MetricsReport[] = []
  return {
    async addReports(reports) {
      all = [...all, ...reports]
    },
    async listReports(table, { kind, offset, limit }) {
      const key = JSON.stringify(table)
      const matching = all
        .filter((each) => JSON.stringify(each.table) === key && (kind === undefined || each.kind === kind))
        .sort((a, b) => (a.reportId < b.reportId ? 1 : -1))
      return { reports: matching.slice(offset, offset + limit), total: matching.length }
    },
    async removeReports(before, limit) {
      const old = new Set(all.filter(({ receivedAt }) => receivedAt < before).slice(0, limit))
      all = all.filter((each) => !old.has(each))
      return old.size
    },
  }
}
