import { unreachable } from '@moraine/stdx/assert'
import type { EpochMs } from '@moraine/stdx/brand'
import type { AllocationRule, GroupAllocation } from '../records/group-allocation.ts'
import type { ResourceGroup } from '../records/resource-group.ts'
import { ALLOCATION_PROPERTIES, type AllocationSettings, readAllocation } from './allocation-settings.ts'
import { allocationText } from './allocation-verdict.ts'

/** Why a group has the optimizers that it has, and what would change that. */
export type AllocationExplanation = {
  /** `off` and `invalid`: nobody launches or releases any by the work of the group. `unseen`: the leader has yet to look. */
  readonly rule: AllocationRule | 'off' | 'invalid' | 'unseen'
  /** One sentence with the figures, for a person. */
  readonly text: string
  readonly remedy: string
  readonly settings: AllocationSettings | undefined
  /** The last decision; also one from before allocation was switched off. */
  readonly last: GroupAllocation | undefined
}

export function explainAllocation(
  group: ResourceGroup,
  last: GroupAllocation | undefined,
  now: EpochMs,
): AllocationExplanation {
  const allocation = readAllocation(group)
  const { enabled, maxThreads } = ALLOCATION_PROPERTIES
  switch (allocation.kind) {
    case 'off': {
      const text = `dynamic allocation is off (${enabled.key})`
      const remedy = `set ${enabled.key}=true and ${maxThreads.key} in the group, or launch optimizers as you like`
      return { rule: 'off', text, remedy, settings: undefined, last }
    }
    case 'invalid': {
      const text = `dynamic allocation is off, because it is set so that it cannot work: ${allocation.reason}`
      return { rule: 'invalid', text, remedy: 'set this property right', settings: undefined, last }
    }
    case 'on': {
      const { settings } = allocation
      if (last === undefined) {
        const text = 'nobody has looked at the group yet'
        return { rule: 'unseen', text, remedy: 'wait for a few seconds; else see that a server leads', settings, last }
      }
      const { rule } = last.verdict
      return { rule, text: allocationText(last.verdict, now), remedy: remedyOf(rule), settings, last }
    }
    default:
      return unreachable(allocation)
  }
}

function remedyOf(rule: AllocationRule): string {
  const keys = ALLOCATION_PROPERTIES
  switch (rule) {
    case 'launching':
      return 'nothing: they register soon, or are given up and said to have failed'
    case 'releasing':
      return `nothing: it ends its tasks within ${keys.drainTimeoutMs.key} and goes`
    case 'backlog':
      return `a lower ${keys.backlogTimeoutMs.key} launches sooner`
    case 'next-step':
      return `a lower ${keys.sustainedTimeoutMs.key} launches the next sooner, a higher ${keys.threadsPerOptimizer.key} more threads at a time`
    case 'at-maximum':
      return `raise ${keys.maxThreads.key}, or give tables a lower self-optimizing.quota or priority`
    case 'backing-off':
      return 'mend what the failure names: the image, the room or the rights of the container; what its optimizers log'
    case 'planning-bound':
      return 'raise optimizer.max-planning-parallelism, or see what planning waits for (`moraine table explain`)'
    case 'at-minimum':
      return `a lower ${keys.minThreads.key} lets idle ones go`
    case 'not-idle-yet':
      return `a lower ${keys.idleTimeoutMs.key} lets idle ones go sooner`
    case 'cooling-down':
      return `a lower ${keys.cooldownMs.key} lets them go faster`
    case 'enough':
      return 'more work, or less'
    default:
      return unreachable(rule)
  }
}
