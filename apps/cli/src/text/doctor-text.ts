import type { EvaluatedPartition } from '@moraine/maintenance/plan/evaluate-table'
import type { RewritePlan } from '@moraine/maintenance/plan/rewrite-plan'
import { healthNote } from '@moraine/maintenance/report/health-note'
import type { TableReport } from '@moraine/maintenance/report/table-report'
import type { IndexedTable } from '@moraine/maintenance/table/read-table'
import { counted, humanBytes } from '@moraine/stdx/human-text'
import { disabledNote } from './disabled-note.ts'

export type DoctorPage = {
  readonly name: string
  readonly state: IndexedTable
  readonly report: TableReport
  readonly partitions: readonly EvaluatedPartition[]
  readonly plan: RewritePlan | undefined
}

const MANY_SNAPSHOTS = 1000

/** The table's ailments, in order of what they cost a reader. */
function doctorFindings(page: DoctorPage): readonly string[] {
  return [...scoredFindings(page), ...historyFindings(page.state)]
}

/** The ailments and the remedy. */
export function doctorText(page: DoctorPage): string {
  const { name, report, plan } = page
  const findings = doctorFindings(page)
  const { files, bytes, records } = report.dataFiles
  const lines = [
    `${name}: health ${report.health.total} of 100, ${counted(files, 'data file')}, ${humanBytes(bytes)}, ${counted(records, 'record')}`,
    ...(findings.length === 0 ? ['Nothing is wrong.'] : findings.map((finding) => `- ${finding}`)),
    ...definedOnly(scoreNote(page), disabledNote(page.state.policy)),
    remedy(plan),
  ]
  return `${lines.join('\n')}\n`
}

/** What `doctor --json` prints. */
export function doctorJson(page: DoctorPage): object {
  return {
    table: page.name,
    ...page.report,
    enabled: page.state.policy.enabled,
    findings: doctorFindings(page),
    healthNote: scoreNote(page) ?? null,
    remedy: remedy(page.plan),
  }
}

/** Why the score is high in spite of the findings; `undefined` if the two do not seem to contradict each other. */
function scoreNote(page: DoctorPage): string | undefined {
  if (scoredFindings(page).length === 0) return undefined
  return healthNote(page.report.health, page.partitions, page.state.policy)
}

/** Findings on files: those that a reader of the score expects in it. */
function scoredFindings({ report, partitions }: DoctorPage): readonly string[] {
  return [...fileFindings(report, partitions), ...deleteFindings(report)]
}

/** A small file that has no other beside it to be merged with is as good as it can get. */
function fileFindings({ dataFiles }: TableReport, partitions: readonly EvaluatedPartition[]): readonly string[] {
  const fragments = partitions
    .map(({ evaluation }) => evaluation.sizeClasses)
    .filter((classes) => classes.fragments + classes.undersized > 1)
    .reduce((sum, classes) => sum + classes.fragments, 0)
  if (fragments === 0) return []
  const mean = humanBytes(dataFiles.bytes / dataFiles.files)
  const [are, them] = fragments === 1 ? ['is a fragment', 'it'] : ['are fragments', 'each of them']
  return [
    `${fragments} of ${counted(dataFiles.files, 'data file')} ${are} (mean file ${mean}): a full scan opens ${them}`,
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
          `${counted(equalityDeletes.files, 'equality delete file')} with ${counted(equalityDeletes.records, 'key')}: every scan joins ${equalityDeletes.files === 1 ? 'it' : 'them'} with older data`,
        ]
      : []),
    ...(positionDeletes.files > 0
      ? [
          `${counted(positionDeletes.files, 'position delete file')} with ${counted(positionDeletes.records, 'position')}`,
        ]
      : []),
    ...(deletionVectors.files > 0
      ? [`${counted(deletionVectors.files, 'deletion vector')} with ${counted(deletionVectors.records, 'position')}`]
      : []),
    ...(deleteRatio > 0.1
      ? [`deletes make up ${(deleteRatio * 100).toFixed(0)} % of the records: deleted rows are read and thrown away`]
      : []),
    ...(danglingDeletes > 0
      ? [`${counted(danglingDeletes, 'delete file applies', 'delete files apply')} to nothing`]
      : []),
  ]
}

function historyFindings({ metadata }: IndexedTable): readonly string[] {
  return metadata.snapshots.length > MANY_SNAPSHOTS
    ? [`${counted(metadata.snapshots.length, 'snapshot')} are retained: every commit writes their list again`]
    : []
}

function remedy(plan: RewritePlan | undefined): string {
  if (plan === undefined || plan.groups.length === 0)
    return 'Optimizing would do nothing now; `moraine table explain` says why.'
  const files = plan.groups.reduce((sum, group) => sum + group.inputs.length, 0)
  const bytes = plan.groups.reduce(
    (sum, group) => sum + group.inputs.reduce((total, input) => total + input.fileSizeBytes, 0),
    0,
  )
  return `Would be done: ${plan.optimizingType} optimizing of ${counted(files, 'file')}, ${humanBytes(bytes)}, in ${counted(plan.groups.length, 'group')}, releasing ${counted(plan.releasedDeletes.length, 'delete file')}.`
}

function definedOnly(...lines: readonly (string | undefined)[]): readonly string[] {
  return lines.filter((line) => line !== undefined)
}
