import type { RewritePlan } from '@moraine/maintenance/plan/rewrite-plan'
import type { IndexedTable } from '@moraine/maintenance/table/read-table'
import { counted, humanBytes } from '@moraine/stdx/human-text'
import { disabledNote } from './disabled-note.ts'
import { partitionText } from './partition-text.ts'

export type Explanation = {
  readonly name: string
  readonly policy: IndexedTable['policy']
  readonly plan: RewritePlan | undefined
  /** The only partition that is asked about; all if `undefined`. */
  readonly partition: string | undefined
}

/** For one table or one partition: what would be done and why, or why nothing is. */
export function explainText(explanation: Explanation): string {
  const { name, policy, plan } = explanation
  const note = disabledNote(policy)
  const notes = note === undefined ? [] : [note]
  if (plan === undefined) return `${[noDataText(name), ...notes].join('\n')}\n`
  const { groups, skipped } = askedFor(explanation)
  const lines = [
    groups.length === 0
      ? `${name}: nothing to optimize.`
      : `${name}: ${plan.optimizingType} optimizing would run ${counted(groups.length, 'group')}.`,
    ...notes,
    ...groups.map((group) => {
      const bytes = group.inputs.reduce((sum, input) => sum + input.fileSizeBytes, 0)
      return `  ${partitionText(group.partitionPath)}: ${group.method.kind} of ${counted(group.inputs.length, 'file')}, ${humanBytes(bytes)}, with ${counted(group.deletes.length, 'delete file')}, because ${group.method.reason}`
    }),
    ...skipped.map((each) => `  ${partitionText(each.partitionPath)}: left alone, ${each.reason}: ${each.detail}`),
  ]
  return `${lines.join('\n')}\n`
}

/** What `explain --json` prints. */
export function explainJson(explanation: Explanation): object {
  const { name, policy, plan } = explanation
  const { groups, skipped } = askedFor(explanation)
  return {
    table: name,
    enabled: policy.enabled,
    optimizingType: plan === undefined || plan.groups.length === 0 ? null : plan.optimizingType,
    groups: groups.map(({ groupId, partitionPath, method, inputs, deletes }) => ({
      groupId,
      partition: partitionPath,
      method,
      files: inputs.length,
      deletes: deletes.length,
    })),
    skipped,
  }
}

export function noDataText(name: string): string {
  return `${name} has no data yet: there is nothing to optimize.`
}

function askedFor({ plan, partition }: Explanation): Pick<RewritePlan, 'groups' | 'skipped'> {
  const isAsked = (path: string) => partition === undefined || path === partition
  return {
    groups: (plan?.groups ?? []).filter((group) => isAsked(group.partitionPath)),
    skipped: (plan?.skipped ?? []).filter((each) => isAsked(each.partitionPath)),
  }
}
