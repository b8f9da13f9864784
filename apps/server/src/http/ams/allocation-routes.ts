import { type GroupAllocationBody, groupAllocation } from '@moraine/api/rest/allocation-schemas'
import { groupParams } from '@moraine/api/rest/resource-schemas'
import type { Resource } from '@moraine/management/records/resource'
import { type AllocationExplanation, explainAllocation } from '@moraine/management/resources/explain-allocation'
import type { Stores } from '@moraine/management/store/stores'
import type { Clock } from '@moraine/stdx/clock'
import { findGroup } from './find-group.ts'
import { type ApiServer, answers, success } from './route-types.ts'

type AllocationRoutesDeps = {
  readonly stores: Pick<Stores, 'groups' | 'allocations' | 'resources'>
  readonly clock: Clock
}

const FAILURES_SHOWN = 5

/** The optimizers of a group explained, by any server: the leader records what it decides. */
export function allocationRoutes(server: ApiServer, { stores, clock }: AllocationRoutesDeps): void {
  server.get(
    '/optimize/optimizerGroups/:group/allocation',
    {
      schema: {
        tags: ['resources'],
        summary: 'Why a group has the optimizers that it has',
        description:
          'The last decision of dynamic allocation with its figures, and what would change it. Not in Amoro.',
        params: groupParams,
        response: answers(groupAllocation),
      },
    },
    async ({ params }) => {
      const group = await findGroup(stores, params.group)
      const last = await stores.allocations.findAllocation(group.name)
      const failed = await stores.resources.listFailed(group.name, FAILURES_SHOWN)
      return success(bodyOf(group.name, explainAllocation(group, last, clock.now()), failed))
    },
  )
}

function bodyOf(
  group: string,
  { rule, text, remedy, settings, last }: AllocationExplanation,
  failed: readonly Resource[],
): GroupAllocationBody {
  const isOn = settings !== undefined
  return {
    group,
    rule,
    text,
    remedy,
    since: (isOn && last?.since) || null,
    until: (isOn && last?.verdict.until) || null,
    figures: isOn ? { ...last?.verdict.figures } : {},
    settings: settings === undefined ? null : { ...settings },
    launches: last?.launches ?? 0,
    releases: last?.releases ?? 0,
    launchedAt: last?.launchedAt ?? null,
    releasedAt: last?.releasedAt ?? null,
    backlogSince: (isOn && last?.backlogSince) || null,
    failures: failed.flatMap(({ resourceId, state }) =>
      state.status === 'ended' ? [{ resourceId, at: state.endedAt, reason: state.reason }] : [],
    ),
  }
}
