import type { OptimizingType } from '@moraine/lifecycle/optimizing-type'
import { NEVER_OPTIMIZED } from '@moraine/maintenance/plan/evaluate-partition'
import type { EvaluatedPartition } from '@moraine/maintenance/plan/evaluate-table'
import { nextTriggerAt } from '@moraine/maintenance/plan/next-trigger'
import type { RewritePlan } from '@moraine/maintenance/plan/rewrite-plan'
import { unknownProperties } from '@moraine/maintenance/plan/unknown-properties'
import { inspectTable } from '@moraine/maintenance/table/plan-table'
import type { IndexedTable } from '@moraine/maintenance/table/read-table'
import type { Finding, TableEvaluation } from '@moraine/management/records/table-evaluation'
import type { TableSettings } from '@moraine/management/records/table-settings'
import { parseSchedule } from '@moraine/management/schedule/opening'
import type { EvaluateRequest } from '@moraine/management/table-work/table-maintenance'
import { humanBytes } from '@moraine/stdx/human-text'

/** What the service keeps of a look at a table: whether a trigger holds, why, and when time alone would change the answer. */
export function evaluationOf(state: IndexedTable, request: Pick<EvaluateRequest, 'clocks' | 'now'>): TableEvaluation {
  const clocks = (key: string) => request.clocks.get(key) ?? NEVER_OPTIMIZED
  const { report, partitions } = inspectTable(state, { now: request.now, clocks })
  const due = partitions.filter(({ evaluation }) => evaluation.trigger !== undefined)
  const unknown = unknownProperties(state.metadata.properties)
  return {
    metadataLocation: state.metadataLocation,
    ...(state.metadata.tableUuid !== undefined && { tableUuid: state.metadata.tableUuid }),
    snapshotId: state.snapshot?.snapshotId,
    settings: settingsOf(state),
    ...(unknown.length > 0 && { unknownProperties: unknown }),
    needed: strongest(due),
    finding: triggerFinding(partitions, due),
    health: state.snapshot === undefined ? undefined : report.health,
    totals: {
      dataFiles: report.dataFiles.files,
      dataBytes: report.dataFiles.bytes,
      records: report.dataFiles.records,
      positionDeleteFiles: report.positionDeletes.files + report.deletionVectors.files,
      equalityDeleteFiles: report.equalityDeletes.files,
      deleteBytes: report.positionDeletes.bytes + report.deletionVectors.bytes + report.equalityDeletes.bytes,
    },
    pending: {
      partitions: due.length,
      files: sum(due, ({ evaluation }) => evaluation.touched.files),
      bytes: sum(
        due,
        ({ evaluation }) => evaluation.fragments.bytes + evaluation.rewriteSegments.bytes + evaluation.undersized.bytes,
      ),
    },
    reevaluateAt: nextTriggerAt(partitions, state.policy, clocks, request.now),
  }
}

/** @throws {MoraineError} `invalid-input` naming a window that cannot be read */
export function settingsOf({ policy }: IndexedTable): TableSettings {
  const { enabled, allowPartialCommit, group, quota, executeRetries, minorIntervalMs, minPlanIntervalMs } = policy
  const { windows, blackouts, priority } = policy
  const restraints = { windows, blackouts, priority }
  parseSchedule(windows, blackouts)
  return {
    enabled,
    allowPartialCommit,
    group,
    quota,
    executeRetries,
    minorIntervalMs,
    minPlanIntervalMs,
    ...restraints,
  }
}

/** Why a plan has the groups that it has, or none. */
export function findingOf(plan: RewritePlan | undefined): Finding {
  if (plan === undefined) return { text: 'the table has no data yet', figures: {} }
  if (plan.groups.length === 0) {
    const reasons = plan.skipped
      .slice(0, 3)
      .map((each) => `${each.partitionPath === '' ? 'the table' : each.partitionPath}: ${each.reason}: ${each.detail}`)
    return {
      text: reasons.length === 0 ? 'no partition holds data' : reasons.join('; '),
      figures: { partitions: plan.skipped.length },
    }
  }
  const inputs = plan.groups.flatMap((group) => group.inputs)
  const bytes = sum(inputs, (input) => input.fileSizeBytes)
  return {
    text: `${plan.optimizingType} optimizing of ${inputs.length} files, ${humanBytes(bytes)}, in ${plan.groups.length} groups`,
    figures: { groups: plan.groups.length, files: inputs.length, bytes, releasedDeletes: plan.releasedDeletes.length },
  }
}

/** What holds a trigger, or keeps it from holding. */
export function triggerFinding(partitions: readonly EvaluatedPartition[], due: readonly EvaluatedPartition[]): Finding {
  const counted = due.length > 0 ? due : partitions
  const figures = {
    partitions: partitions.length,
    duePartitions: due.length,
    fragments: sum(counted, ({ evaluation }) => evaluation.fragments.files),
    undersized: sum(counted, ({ evaluation }) => evaluation.undersized.files),
    rewriteForDeletes: sum(counted, ({ evaluation }) => evaluation.rewriteSegments.files),
    equalityDeletes: sum(counted, ({ evaluation }) => evaluation.equalityDeletes.files),
  }
  const what = `${figures.fragments} fragments, ${figures.undersized} undersized files, ${figures.rewriteForDeletes} files with many deleted rows, ${figures.equalityDeletes} equality delete files`
  const left = leftAlone(partitions)
  return due.length === 0
    ? { text: `no trigger holds in ${partitions.length} partitions: ${what}${left}`, figures }
    : { text: `${due.length} of ${partitions.length} partitions are due: ${what}${left}`, figures }
}

/** What optimizing passes over although it may need work, and why the first of it is. */
function leftAlone(partitions: readonly EvaluatedPartition[]): string {
  const unreadable = partitions.flatMap(({ evaluation }) => evaluation.unreadable ?? [])
  const [one] = unreadable
  if (one === undefined) return ''
  const files = sum(unreadable, (each) => each.files)
  return `; ${files} ${files === 1 ? 'file is' : 'files are'} left alone: ${one.first.detail}`
}

function strongest(due: readonly EvaluatedPartition[]): OptimizingType | undefined {
  const types = new Set(due.map(({ evaluation }) => evaluation.trigger))
  return (['full', 'major', 'minor'] as const).find((type) => types.has(type))
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0)
}
