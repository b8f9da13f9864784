import { formatExactJson } from '@moraine/stdx/exact-json'
import { int64, type JsonDecoder, record, required, text } from '@moraine/stdx/exact-json-decode'
import type { ReportedMetrics } from './iceberg-rest-hooks.ts'
import { malformed } from './rest-route.ts'

/** A filter of many values is the longest part of a report. */
const LENGTH_MAX = 256 * 1024

/** `ReportMetricsRequest` */
export const decodeMetricsReport: JsonDecoder<ReportedMetrics> = (value, place) => {
  const json = record(value, place)
  const type = required(json, 'report-type', text)
  if (type !== 'scan-report' && type !== 'commit-report') {
    throw malformed(`report-type is ${JSON.stringify(type)}: it takes scan-report or commit-report`)
  }
  required(json, 'metrics', record)
  const snapshotId = required(json, 'snapshot-id', int64)
  if (formatExactJson(json.object).length > LENGTH_MAX) {
    throw malformed(`the report has more than ${LENGTH_MAX} characters`)
  }
  return { kind: type === 'scan-report' ? 'scan' : 'commit', snapshotId, report: json.object }
}
