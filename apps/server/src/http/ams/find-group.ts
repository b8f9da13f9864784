import type { ResourceGroup } from '@moraine/management/records/resource-group'
import { noSuchGroup } from '@moraine/management/resources/no-such-group'
import type { Stores } from '@moraine/management/store/stores'
import { MoraineError } from '@moraine/stdx/error'

/**
 * The group that a request names.
 *
 * @throws {MoraineError} `not-found`
 */
export async function findGroup({ groups }: Pick<Stores, 'groups'>, name: string): Promise<ResourceGroup> {
  const group = await groups.findGroup(name)
  if (group === undefined) throw new MoraineError('not-found', noSuchGroup(name))
  return group
}
