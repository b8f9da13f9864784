import type { RewritePlan } from '@moraine/maintenance/plan/rewrite-plan'
import type { TableReport } from '@moraine/maintenance/report/table-report'
import type { IndexedTable } from '@moraine/maintenance/table/read-table'
import { humanBytes } from '@moraine/stdx/human-text'

export type DoctorPage = {
  readonly name: string
  readonly state: IndexedTable
  readonly report: TableReport
  readonly plan: RewritePlan | undefined
}

const MANY_SNAPSHOTS = 1000

/** The table's ailments, in order of what they cost a reader. */
export function doctorFindings({ state, report }: DoctorPage): readonly string[] {
  return [...fileFindings(report), ...deleteFindings(report), ...historyFindings(state)]
}

/** The ailments and the remedy. */
export function doctorText(page: DoctorPage): string {
  const { name, report, plan } = page
  const findings = doctorFindings(page)
  const lines = [
    `${name}: health ${report.health.total} of 100, ${report.dataFiles.files} data files, ${humanBytes(report.dataFiles.bytes)}, ${report.dataFiles.records} records`,
    ...(findings.length === 0 ? ['Nothing is wrong.'] : findings.map((finding) => `- ${finding}`)),
    remedy(plan),
  ]
  return `${lines.join('\n')}\n`
}

function fileFindings({ dataFiles, sizeClasses }: TableReport): readonly string[] {
  if (sizeClasses.fragments < 2) return []
  const mean = dataFiles.files === 0 ? 0 : dataFiles.bytes / dataFiles.files
  return [
    `${sizeClasses.fragments} of ${dataFiles.files} data files are fragments (mean file ${humanBytes(mean)}): a full scan opens each of them`,
  ]
}

function deleteFindings({
  equalityDeletes,
  positionDeletes,
  deletionVectors,
  danglingDeletes,
  deleteRatio,
}: TableReport): readonly string[] {
  return [
    ...(equalityDeletes.files > 0
      ? [
          `${equalityDeletes.files} equality delete files with ${equalityDeletes.records} keys: every scan joins them with older data`,
        ]
      : []),
    ...(positionDeletes.files > 0
      ? [`${positionDeletes.files} position delete files with ${positionDeletes.records} positions`]
      : []),
    ...(deletionVectors.files > 0
      ? [`${deletionVectors.files} deletion vectors with ${deletionVectors.records} positions`]
      : []),
    ...(deleteRatio > 0.1
      ? [`deletes make up ${(deleteRatio * 100).toFixed(0)} % of the records: deleted rows are read and thrown away`]
      : []),
    ...(danglingDeletes > 0 ? [`${danglingDeletes} delete files apply to nothing`] : []),
  ]
}

function historyFindings({ metadata }: IndexedTable): readonly string[] {
  return metadata.snapshots.length > MANY_SNAPSHOTS
    ? [`${metadata.snapshots.length} snapshots are retained: every commit writes their list again`]
    : []
}

export function remedy(plan: RewritePlan | undefined): string {
  if (plan === undefined || plan.groups.length === 0)
    return 'Optimizing would do nothing now; `moraine table explain` says why.'
  const files = plan.groups.reduce((sum, group) => sum + group.inputs.length, 0)
  const bytes = plan.groups.reduce(
    (sum, group) => sum + group.inputs.reduce((total, input) => total + input.fileSizeBytes, 0),
    0,
  )
  return `Would be done: ${plan.optimizingType} optimizing of ${files} files, ${humanBytes(bytes)}, in ${plan.groups.length} groups, releasing ${plan.releasedDeletes.length} delete files.`
}
