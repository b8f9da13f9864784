import {
  groupBody,
  groupName,
  groupParams,
  groupRegistration,
  occupation,
  resourceGroupEntry,
} from '@moraine/api/rest/resource-schemas'
import type { Optimizer } from '@moraine/management/records/optimizer'
import { CATALOG_GROUP, type GroupUse, type ResourceGroup } from '@moraine/management/records/resource-group'
import { MIN_PARALLELISM } from '@moraine/management/resources/allocation-settings'
import { ALL_GROUPS, checkGroup } from '@moraine/management/resources/check-group'
import { minimumThreads } from '@moraine/management/resources/keep-minimum'
import type { Stores } from '@moraine/management/store/stores'
import { unreachable } from '@moraine/stdx/assert'
import type { Clock } from '@moraine/stdx/clock'
import { MoraineError } from '@moraine/stdx/error'
import { Type } from 'typebox'
import type { ContainerConfig } from '../../config/container-config.ts'
import { checkGroupSettings } from '../../containers/check-group-settings.ts'
import { checkContainer } from './container-routes.ts'
import { findGroup } from './find-group.ts'
import { refuseUnknownFields } from './refuse-unknown-fields.ts'
import { type ApiServer, answers, success } from './route-types.ts'
import { REQUEST } from './table-change/plan-table-change.ts'

export type GroupRoutesDeps = {
  readonly stores: Stores
  readonly containers: readonly ContainerConfig[]
  readonly clock: Clock
  /** Whatever waited for a hold may go on, and others may be launched. */
  readonly onGroupChanged: () => void
  /** Where optimizers of a group register, and what they have to show. */
  readonly registration: (group: ResourceGroup) => Promise<RegistrationPlace>
}

export type RegistrationPlace = { readonly url: string; readonly groupSecret: string | undefined }

const tags = ['resources']
const ALL = '/optimize/resourceGroups'

/** Resource groups shown, created, changed and removed. */
export function groupRoutes(server: ApiServer, deps: GroupRoutesDeps): void {
  showRoutes(server, deps)
  saveRoutes(server, deps)
  removeRoutes(server, deps)
  registrationRoute(server, deps)
}

function showRoutes(server: ApiServer, { stores }: GroupRoutesDeps): void {
  server.get(
    '/optimize/optimizerGroups',
    { schema: { tags, summary: 'Names of the resource groups', response: answers(Type.Array(groupName)) } },
    async () => success((await stores.groups.listGroups()).map(({ name }) => ({ optimizerGroupName: name }))),
  )
  server.get(
    ALL,
    {
      schema: {
        tags,
        summary: 'Resource groups with what is registered in them',
        response: answers(Type.Array(resourceGroupEntry)),
      },
    },
    async () => {
      const optimizers = await stores.optimizers.listLiveOptimizers()
      const groups = await stores.groups.listGroups()
      return success(
        groups.map(({ name, container, properties }) => ({
          resourceGroup: { name, container, properties: { ...properties } },
          ...occupationOf(optimizers.filter(({ group }) => group === name)),
        })),
      )
    },
  )
  server.get(
    '/optimize/optimizerGroups/:group/info',
    { schema: { tags, summary: 'What is registered in a group', params: groupParams, response: answers(occupation) } },
    async ({ params }) => success({ resourceGroup: null, ...occupationOf(await liveOptimizers(stores, params.group)) }),
  )
}

function saveRoutes(server: ApiServer, { stores, containers, onGroupChanged, clock }: GroupRoutesDeps): void {
  server.post(
    ALL,
    { schema: { tags, summary: 'Create a resource group', body: groupBody, response: answers(Type.String()) } },
    async ({ body }) => {
      refuseUnknownFields(body, groupBody, REQUEST)
      const group = { ...body, properties: body.properties ?? {} }
      checkGroup(group, clock.now())
      await checkGroupSettings(group, checkContainer(group, containers))
      if (!(await stores.groups.addGroup(group))) {
        throw new MoraineError(
          'already-exists',
          `resource group ${group.name} already exists; change that, or choose another name`,
        )
      }
      onGroupChanged()
      return success('The optimizer group has been successfully created.')
    },
  )
  server.put(
    ALL,
    {
      schema: {
        tags,
        summary: 'Replace the container and the properties of a resource group',
        body: groupBody,
        response: answers(Type.String()),
      },
    },
    async ({ body }) => {
      refuseUnknownFields(body, groupBody, REQUEST)
      const group = { ...body, properties: body.properties ?? {} }
      checkGroup(group, clock.now())
      await checkGroupSettings(group, checkContainer(group, containers))
      await findGroup(stores, group.name)
      await stores.groups.saveGroup(group)
      onGroupChanged()
      return success('The optimizer group has been successfully updated.')
    },
  )
}

function removeRoutes(server: ApiServer, { stores }: GroupRoutesDeps): void {
  server.get(
    `${ALL}/:group/delete/check`,
    {
      schema: {
        tags,
        summary: 'Whether a resource group can be removed',
        params: groupParams,
        response: answers(Type.Boolean()),
      },
    },
    async ({ params }) => {
      await findGroup(stores, params.group)
      return success((await stores.groups.findUse(params.group)) === undefined)
    },
  )
  server.delete(
    `${ALL}/:group`,
    {
      schema: {
        tags,
        summary: 'Remove a resource group that nothing uses',
        params: groupParams,
        response: answers(Type.String()),
      },
    },
    async ({ params: { group } }) => {
      const found = await findGroup(stores, group)
      const use = await stores.groups.removeGroup(group)
      if (use !== undefined) throw inUse(found, use)
      return success('The optimizer group has been successfully deleted.')
    },
  )
}

function registrationRoute(server: ApiServer, { stores, registration }: GroupRoutesDeps): void {
  server.get(
    `${ALL}/:group/registration`,
    {
      schema: {
        tags,
        summary: 'What an optimizer that is started by hand needs to register in a group',
        description: 'Not in Amoro, where anybody may register.',
        params: groupParams,
        response: answers(groupRegistration),
      },
    },
    async ({ params }, reply) => {
      const { url, groupSecret } = await registration(await findGroup(stores, params.group))
      reply.header('cache-control', 'no-store')
      return success({ url, groupSecret: groupSecret ?? null })
    },
  )
}

function inUse(group: ResourceGroup, use: GroupUse): MoraineError {
  const isKept = (use.kind === 'optimizer' || use.kind === 'resource') && minimumThreads(group, 0) > 0
  const first = isKept
    ? `; before that \`moraine group set ${group.name} --property ${MIN_PARALLELISM}=0\`, or others are launched`
    : ''
  return new MoraineError('conflict', `resource group ${group.name} is in use: ${useText(use)}${first}`)
}

function useText({ kind, name }: GroupUse): string {
  switch (kind) {
    case 'table':
      return `table ${name} is optimized in it; move such tables (self-optimizing.group)`
    case 'optimizer':
      return `optimizer ${name} is registered in it; let such optimizers go by \`moraine group release ${name}\`, or, if they were started by hand, stop their processes`
    case 'resource':
      return `resource ${name} runs in it, or comes; let such resources go by \`moraine group release ${name}\``
    case 'catalog':
      return `catalog ${name} puts tables in it; change its ${CATALOG_GROUP}`
    default:
      return unreachable(kind)
  }
}

/** Of one group, or of all. */
export async function liveOptimizers(stores: Stores, group: string): Promise<readonly Optimizer[]> {
  if (group === ALL_GROUPS) return stores.optimizers.listLiveOptimizers()
  await findGroup(stores, group)
  return stores.optimizers.listLiveOptimizers(group)
}

function occupationOf(optimizers: readonly Optimizer[]) {
  return {
    occupationCore: optimizers.reduce((sum, { threads }) => sum + threads, 0),
    occupationMemory: optimizers.reduce((sum, { memoryMb }) => sum + memoryMb, 0),
  }
}
