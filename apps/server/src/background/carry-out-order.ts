import type { Resource } from '@moraine/management/records/resource'
import type { ResourceGroup } from '@moraine/management/records/resource-group'
import type { Container, LaunchOrder } from '@moraine/management/resources/container'
import type { ResourceOrder } from '@moraine/management/resources/keep-resources'
import { orderRefused, orderTaken } from '@moraine/management/resources/move-resource'
import type { ApplyOutcome } from '@moraine/management/store/state-store'
import type { Stores } from '@moraine/management/store/stores'
import type { Clock } from '@moraine/stdx/clock'
import { withinDeadline } from '@moraine/stdx/deadline'
import { describeError, isKind, MoraineError } from '@moraine/stdx/error'
import type { Log } from '../service/log.ts'

/** A container that has not answered by then is asked again. */
const ORDER_DEADLINE_MS = 60_000
const UNRECORDED_PAUSE_MS = 1000

export type OrderPlace = {
  readonly stores: Pick<Stores, 'state' | 'groups'>
  readonly container: Container
  /** Where optimizers of a group register, what they trust there, and what they have to show. */
  readonly registration: (group: ResourceGroup) => Promise<Pick<LaunchOrder, 'url' | 'trusted' | 'groupSecret'>>
  readonly checkLeads: () => void
  /** To look at everything again. */
  readonly nudge: () => void
  readonly clock: Clock
  readonly log: Log
}

/** Gives one order to its container, and records what came of it. An order that was cut off is given again by the next run. */
export async function carryOut(order: ResourceOrder, place: OrderPlace, signal: AbortSignal): Promise<void> {
  const { log, clock } = place
  const resourceId = order.kind === 'release-stray' ? order.resourceId : order.resource.resourceId
  const facts = { resourceId, container: place.container.name, order: order.kind }
  const answer = await give(order, place, signal)
  if (signal.aborted) return
  if (answer.kind === 'taken') log.info(facts, 'a container took an order')
  else log.warn({ ...facts, failure: answer.failure }, 'a container did not take an order')
  if (order.kind === 'release-stray') return
  try {
    if ((await record(order.resource, answer, place)) !== 'deposed') return
  } catch (error) {
    log.error({ ...facts, failure: describeError(error) }, 'an order could not be recorded and is given again')
  }
  // Nothing says when: a server that may not write, just now or since another leads, would try without a pause.
  await clock.sleep(UNRECORDED_PAUSE_MS, signal).catch(() => undefined)
}

type Answer =
  | { readonly kind: 'taken' }
  | { readonly kind: 'refused'; readonly failure: string; readonly isHopeless: boolean }

async function give(order: ResourceOrder, place: OrderPlace, signal: AbortSignal): Promise<Answer> {
  const { container, clock } = place
  try {
    place.checkLeads()
    const launch = order.kind === 'launch' ? await launchOrder(order.resource, place) : undefined
    const resourceId = order.kind === 'release-stray' ? order.resourceId : order.resource.resourceId
    const what = `container ${container.name}: ${launch === undefined ? 'letting go' : 'launching'} ${resourceId}`
    await withinDeadline(clock, { ms: ORDER_DEADLINE_MS, what, signal }, (inner) =>
      launch === undefined ? container.release(resourceId, inner) : container.launch(launch, inner),
    )
    return { kind: 'taken' }
  } catch (error) {
    return { kind: 'refused', failure: describeError(error), isHopeless: isKind(error, 'invalid-input') }
  }
}

async function launchOrder(
  { resourceId, group: name, threads, memoryMb }: Resource,
  { stores, registration }: OrderPlace,
): Promise<LaunchOrder> {
  const group = await stores.groups.findGroup(name)
  if (group === undefined) throw new MoraineError('unavailable', `resource group ${name} does not exist any more`)
  const groupProperties = group.properties
  return { resourceId, group: name, threads, memoryMb, groupProperties, ...(await registration(group)) }
}

async function record(
  resource: Resource,
  answer: Answer,
  { stores, clock, nudge }: OrderPlace,
): Promise<ApplyOutcome['kind']> {
  const now = clock.now()
  const { kind } = await stores.state.apply(
    answer.kind === 'taken' ? orderTaken(resource, now) : orderRefused(resource, answer, now),
  )
  // It was released, or given up, meanwhile: what its container runs of it now is found in its list.
  if (kind === 'lost') nudge()
  return kind
}
