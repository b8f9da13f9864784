import {
  createOptimizerBody,
  groupParams,
  releaseQuery,
  resourceEntry,
  resourceParams,
  scaleOutBody,
} from '@moraine/api/rest/resource-schemas'
import type { OptimizerId, ResourceId } from '@moraine/lifecycle/identity'
import type { Optimizer } from '@moraine/management/records/optimizer'
import type { Resource } from '@moraine/management/records/resource'
import { drainOptimizer } from '@moraine/management/resources/deadlines'
import { releaseResource } from '@moraine/management/resources/move-resource'
import { requestResource } from '@moraine/management/resources/request-resource'
import type { Stores } from '@moraine/management/store/stores'
import type { Clock } from '@moraine/stdx/clock'
import { MoraineError } from '@moraine/stdx/error'
import { type Random, uuidV7 } from '@moraine/stdx/random'
import { type Static, Type } from 'typebox'
import { applyDecision } from '../../changes/apply-decision.ts'
import type { ContainerConfig } from '../../config/container-config.ts'
import { cannotLaunch } from '../../containers/external-container.ts'
import { checkContainer } from './container-routes.ts'
import { findGroup } from './find-group.ts'
import { identityOf } from './guard-routes.ts'
import { refuseUnknownFields } from './refuse-unknown-fields.ts'
import { type ApiServer, answers, success } from './route-types.ts'
import { REQUEST } from './table-change/plan-table-change.ts'

export type OptimizerRoutesDeps = {
  readonly stores: Pick<Stores, 'state' | 'groups' | 'resources' | 'optimizers'>
  readonly containers: readonly ContainerConfig[]
  readonly clock: Clock
  readonly random: Random
}

const tags = ['resources']
const ENDED_SHOWN = 20

/** Optimizers asked for and let go, and what became of it. */
export function optimizerRoutes(server: ApiServer, deps: OptimizerRoutesDeps): void {
  scaleOutRoutes(server, deps)
  releaseRoute(server, deps)
  resourcesRoute(server, deps)
}

function scaleOutRoutes(server: ApiServer, deps: OptimizerRoutesDeps): void {
  const summary = 'Have one more optimizer launched in a group'
  const description = 'Recorded and answered at once; the resources of the group tell what becomes of it.'
  const response = answers(Type.String())
  server.post(
    '/optimize/optimizerGroups/:group/optimizers',
    { schema: { tags, summary, description, params: groupParams, body: scaleOutBody, response } },
    async (request) => {
      refuseUnknownFields(request.body, scaleOutBody, REQUEST)
      await scaleOut(request.params.group, request.body.parallelism, identityOf(request).name, deps)
      return success('success to scaleOut optimizer')
    },
  )
  server.post(
    '/optimize/optimizers',
    { schema: { tags, summary, description, body: createOptimizerBody, response } },
    async (request) => {
      refuseUnknownFields(request.body, createOptimizerBody, REQUEST)
      await scaleOut(request.body.optimizerGroup, request.body.parallelism, identityOf(request).name, deps)
      return success('success to create optimizer')
    },
  )
}

async function scaleOut(
  name: string,
  threads: number,
  by: string,
  { stores, containers, clock, random }: OptimizerRoutesDeps,
): Promise<void> {
  const resourceId = uuidV7(random, clock.now()) as ResourceId
  await applyDecision(stores.state, `resource ${resourceId}`, async () => {
    const group = await findGroup(stores, name)
    if (checkContainer(group, containers).kind === 'external') throw cannotLaunch(group.container, name)
    return requestResource({ resourceId, group, threads, reason: `asked for by ${by}` }, clock.now())
  })
}

function releaseRoute(server: ApiServer, deps: OptimizerRoutesDeps): void {
  server.delete(
    '/optimize/optimizers/:resource',
    {
      schema: {
        tags,
        summary: 'Let an optimizer go, once its tasks have ended',
        description: 'Recorded and answered at once.',
        params: resourceParams,
        querystring: releaseQuery,
        response: answers(Type.String()),
      },
    },
    async (request) => {
      const { resource: id } = request.params
      const reason = `released by ${identityOf(request).name}`
      await release(id, { reason, drainsOthers: request.query.drain === true }, deps)
      return success('success to release optimizer')
    },
  )
}

async function release(
  id: string,
  { reason, drainsOthers }: { readonly reason: string; readonly drainsOthers: boolean },
  { stores, clock }: OptimizerRoutesDeps,
): Promise<void> {
  await applyDecision(stores.state, `resource ${id}`, async () => {
    const optimizer = await findOptimizer(stores, id)
    const resource = await stores.resources.findResource((optimizer?.resourceId ?? id) as ResourceId)
    if (resource !== undefined && resource.state.status !== 'ended') {
      return { changes: releaseResource(resource, reason, clock.now()) }
    }
    if (optimizer === undefined) throw isGone(id, resource)
    if (!drainsOthers) throw startedByHand(optimizer)
    return { changes: drainOptimizer(optimizer, clock.now()) }
  })
}

/** By its own id, or by that of its resource. */
async function findOptimizer({ optimizers }: Pick<Stores, 'optimizers'>, id: string): Promise<Optimizer | undefined> {
  const found = await optimizers.findOptimizer(id as OptimizerId)
  if (found !== undefined && found.state.status !== 'gone') return found
  return (await optimizers.listLiveOptimizers()).find(({ resourceId }) => resourceId === id)
}

function isGone(id: string, resource: Resource | undefined): MoraineError {
  const ended = resource?.state.status === 'ended' ? ` any more: it ended, ${resource.state.reason}` : ''
  return new MoraineError('not-found', `there is no resource or optimizer '${id}'${ended}`)
}

function startedByHand({ optimizerId, group }: Optimizer): MoraineError {
  return new MoraineError(
    'conflict',
    `optimizer ${optimizerId} of group ${group} was started by hand: whoever did stops its process (SIGTERM lets its tasks end); with drain=true it takes no more tasks from now on`,
  )
}

function resourcesRoute(server: ApiServer, { stores }: OptimizerRoutesDeps): void {
  server.get(
    '/optimize/optimizerGroups/:group/resources',
    {
      schema: {
        tags,
        summary: 'Optimizers that were asked for in a group, and what became of them',
        description: `Those that have not ended, and the ${ENDED_SHOWN} that ended last. Not in Amoro.`,
        params: groupParams,
        response: answers(Type.Array(resourceEntry)),
      },
    },
    async ({ params: { group } }) => {
      await findGroup(stores, group)
      const optimizers = await stores.optimizers.listLiveOptimizers(group)
      const open = await stores.resources.listResources(group)
      const ended = await stores.resources.listLastEnded(group, ENDED_SHOWN)
      return success([...open, ...ended].map((resource) => entryOf(resource, optimizers)))
    },
  )
}

function entryOf(resource: Resource, optimizers: readonly Optimizer[]): Static<typeof resourceEntry> {
  const { resourceId, group, container, threads, memoryMb, requestedAt, state } = resource
  const isAsked = state.status === 'requested' || state.status === 'releasing'
  const goes = state.status === 'releasing' || state.status === 'ended' ? state : undefined
  return {
    ...{ resourceId, group, container, threads, memoryMb, requestedAt },
    requestReason: resource.reason,
    status: state.status,
    launchedAt: state.status === 'requested' ? null : (state.launchedAt ?? null),
    endedAt: state.status === 'ended' ? state.endedAt : null,
    endReason: goes?.reason ?? null,
    isFailure: goes?.isFailure ?? false,
    attempts: isAsked ? state.attempts : 0,
    retryAt: isAsked && state.attempts > 0 ? state.retryAt : null,
    failure: (isAsked && state.failure) || null,
    optimizers: optimizers.filter((each) => each.resourceId === resourceId).map(({ optimizerId }) => optimizerId),
  }
}
