import { Type } from 'typebox'
import { epochMsInteger, pageQuery } from './envelope.ts'

export const metricsReportQuery = Type.Object({
  ...pageQuery,
  kind: Type.Optional(Type.Enum(['scan', 'commit'])),
})

export const metricsReport = Type.Object(
  {
    reportId: Type.String(),
    kind: Type.Enum(['scan', 'commit']),
    snapshotId: Type.String(),
    principal: Type.String({ description: 'Who sent it.' }),
    receivedAt: epochMsInteger,
    report: Type.String({ description: "JSON: the specification's `ReportMetricsRequest`, as it came." }),
  },
  { title: 'MetricsReport' },
)
