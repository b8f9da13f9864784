import { counted } from '@moraine/stdx/human-text'
import type { RewriteGroup, RewritePlan } from './rewrite-plan.ts'

/** The plan for people: what is rewritten with what, by which method and why, and why the rest is not. One line a fact. */
export function formatPlan(plan: RewritePlan): string {
  const lines = [
    `${plan.optimizingType} plan of ${plan.tableLocation} at snapshot ${plan.baseSnapshotId} (sequence ${plan.baseSequenceNumber})`,
    ...plan.groups.flatMap(groupLines),
    ...plan.releasedDeletes.map(
      ({ delete: each, groupIds }) =>
        `release ${each.content} ${each.filePath}${each.contentOffset === undefined ? '' : ` at ${each.contentOffset}`}: ${
          groupIds.length === 0
            ? 'applies to nothing'
            : `once ${groupIds.length === 1 ? 'group' : 'groups'} ${groupIds.join(', ')} ${groupIds.length === 1 ? 'is' : 'are'} committed`
        }`,
    ),
    ...plan.skipped.map(
      (each) =>
        `leave ${each.partitionPath === '' ? 'the table' : each.partitionPath} (spec ${each.specId}): ${each.reason}: ${each.detail}`,
    ),
  ]
  return `${lines.join('\n')}\n`
}

function groupLines(group: RewriteGroup): readonly string[] {
  const bytes = group.inputs.reduce((sum, input) => sum + input.fileSizeBytes, 0)
  const rows = group.inputs.reduce((sum, input) => sum + input.recordCount, 0)
  const place = group.partitionPath === '' ? '' : ` in ${group.partitionPath}`
  const move = group.outputSpecId === undefined ? '' : ` (spec ${group.specId}, to spec ${group.outputSpecId})`
  return [
    `group ${group.groupId}: ${group.method.kind} ${counted(group.inputs.length, 'file')}${place}${move}, ${counted(bytes, 'byte')}, ${counted(rows, 'row')}, ${counted(group.deletes.length, 'delete')}: ${group.method.reason}`,
    ...group.inputs.map(
      (input) =>
        `  ${input.filePath} ${input.fileSizeBytes}${input.deletes.length === 0 ? '' : ` deletes ${input.deletes.join(',')}`}`,
    ),
    ...group.deletes.map(
      (each, ordinal) => `  delete ${ordinal}: ${each.content} ${each.filePath} sequence ${each.dataSequenceNumber}`,
    ),
  ]
}
