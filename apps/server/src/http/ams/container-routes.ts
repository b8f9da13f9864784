import { containerEntry } from '@moraine/api/rest/resource-schemas'
import type { ResourceGroup } from '@moraine/management/records/resource-group'
import type { Stores } from '@moraine/management/store/stores'
import { MoraineError } from '@moraine/stdx/error'
import { withoutSecrets } from '@moraine/storage/without-secrets'
import { Type } from 'typebox'
import { AMORO_CONTAINER_CLASS, type ContainerConfig } from '../../config/container-config.ts'
import { type ApiServer, answers, success } from './route-types.ts'

export type ContainerRoutesDeps = {
  readonly stores: Pick<Stores, 'groups'>
  /** By which optimizers are launched, those that are built in included. */
  readonly containers: readonly ContainerConfig[]
}

const tags = ['resources']

/** The containers of the configuration. */
export function containerRoutes(server: ApiServer, { stores, containers }: ContainerRoutesDeps): void {
  server.get(
    '/optimize/containers/get',
    { schema: { tags, summary: 'Names of the containers', response: answers(Type.Array(Type.String())) } },
    async () => success(containers.map(({ name }) => name)),
  )
  server.get(
    '/settings/containers',
    {
      schema: {
        tags,
        summary: 'Containers as they are configured, with the groups whose optimizers they launch',
        response: answers(Type.Array(containerEntry)),
      },
    },
    async () => {
      const groups = await stores.groups.listGroups()
      return success(
        containers.map(({ name, kind, properties }) => ({
          name,
          classpath: AMORO_CONTAINER_CLASS[kind],
          properties: masked(properties),
          optimizeGroup: groups
            .filter(({ container }) => container === name)
            .map((group) => ({ ...group, properties: { ...group.properties } })),
        })),
      )
    },
  )
}

/**
 * The container of a group.
 *
 * @throws {MoraineError} `invalid-input` if the service has none of that name
 */
export function checkContainer(
  { name, container }: ResourceGroup,
  containers: readonly ContainerConfig[],
): ContainerConfig {
  const found = containers.find((each) => each.name === container)
  if (found !== undefined) return found
  const known = containers.map((each) => each.name).join(', ')
  throw new MoraineError(
    'invalid-input',
    `resource group ${name}: there is no container '${container}'; there are ${known}, and others can be configured below containers: in config.yaml`,
  )
}

/** Where there could be a secret: in the template of a pod anywhere. */
function masked(properties: Readonly<Record<string, string>>): Record<string, string> {
  const shown = withoutSecrets(properties)
  const isHidden = (key: string) => shown[key] === undefined || key === 'podTemplate'
  return Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, isHidden(key) ? MASK : value]))
}

const MASK = '******'
