import type { ResourceId } from '@moraine/lifecycle/identity'
import { launchBackOff } from '@moraine/management/resources/allocation-back-off'
import { readAllocation } from '@moraine/management/resources/allocation-settings'
import type { Container } from '@moraine/management/resources/container'
import { keepMinimum, minimumThreads, missingThreads } from '@moraine/management/resources/keep-minimum'
import type { KeepInput } from '@moraine/management/resources/keep-resources'
import { requestResource } from '@moraine/management/resources/request-resource'
import type { Stores } from '@moraine/management/store/stores'
import { type EpochMs, earliest } from '@moraine/stdx/brand'
import type { Clock } from '@moraine/stdx/clock'
import { type Random, uuidV7 } from '@moraine/stdx/random'
import type { Log } from '../service/log.ts'

const FAILURES_LOOKED_AT = 32

export type MinimumDeps = {
  readonly stores: Pick<Stores, 'state' | 'resources'>
  /** Those that launch optimizers. */
  readonly containers: ReadonlyMap<string, Container>
  /** Of groups that do not say themselves. */
  readonly leastThreads: ReadonlyMap<string, number>
  /** What failed before does not count: whoever begins to lead tries anew. */
  readonly serviceStartedAt: EpochMs
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

/**
 * Requests what groups have too little of, but for those whose optimizers follow their work.
 *
 * @returns when a group that waits since its launches fail has to be looked at again
 */
export async function keepMinimums(
  { stores, containers, leastThreads, serviceStartedAt, clock, random, log }: MinimumDeps,
  known: Pick<KeepInput, 'groups' | 'resources' | 'optimizers'>,
): Promise<EpochMs | undefined> {
  const waits: EpochMs[] = []
  for (const group of known.groups) {
    if (!containers.has(group.container) || readAllocation(group).kind === 'on') continue
    const resources = known.resources.filter((resource) => resource.group === group.name)
    const optimizers = known.optimizers.filter((optimizer) => optimizer.group === group.name)
    const threads = { least: minimumThreads(group, leastThreads.get(group.name) ?? 0), resources, optimizers }
    if (missingThreads(threads) <= 0) continue
    const now = clock.now()
    const failed = (await stores.resources.listFailed(group.name, FAILURES_LOOKED_AT)).filter(
      ({ state }) => state.status === 'ended' && state.endedAt >= serviceStartedAt,
    )
    const backOff = launchBackOff({ failed, resources, optimizers }, now)
    if (backOff?.until !== undefined) waits.push(backOff.until)
    const decision = keepMinimum(threads, backOff)
    if (decision === undefined) continue
    const resourceId = uuidV7(random, now) as ResourceId
    const { changes } = requestResource({ resourceId, group, ...decision }, now)
    const { kind } = await stores.state.apply(changes)
    if (kind === 'applied') log.info({ resourceId, group: group.name, ...decision }, 'an optimizer is requested')
  }
  return earliest(waits)
}
