import type { RewritePlan } from '@moraine/maintenance/plan/rewrite-plan'
import { humanBytes } from '@moraine/stdx/human-text'

/** For one table or one partition: what would be done and why, or why nothing is. */
export function explainText(name: string, plan: RewritePlan | undefined, partition: string | undefined): string {
  if (plan === undefined) return `${name} has no data yet: there is nothing to optimize.\n`
  const isAsked = (path: string) => partition === undefined || path === partition
  const groups = plan.groups.filter((group) => isAsked(group.partitionPath))
  const skipped = plan.skipped.filter((each) => isAsked(each.partitionPath))
  if (partition !== undefined && groups.length === 0 && skipped.length === 0)
    return `${name} has no partition ${partition}.\n`
  const lines = [
    groups.length === 0
      ? `${name}: nothing to optimize.`
      : `${name}: ${plan.optimizingType} optimizing would run ${groups.length} groups.`,
    ...groups.map((group) => {
      const bytes = group.inputs.reduce((sum, input) => sum + input.fileSizeBytes, 0)
      return `  ${placeOf(group.partitionPath)}: ${group.method.kind} of ${group.inputs.length} files, ${humanBytes(bytes)}, with ${group.deletes.length} delete files, because ${group.method.reason}`
    }),
    ...skipped.map((each) => `  ${placeOf(each.partitionPath)}: left alone, ${each.reason}: ${each.detail}`),
  ]
  return `${lines.join('\n')}\n`
}

function placeOf(partitionPath: string): string {
  return partitionPath === '' ? 'the table' : partitionPath
}
