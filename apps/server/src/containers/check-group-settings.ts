import type { ResourceGroup } from '@moraine/management/records/resource-group'
import type { ContainerConfig } from '../config/container-config.ts'

/**
 * Finds out when a group is changed what would else be found out when its container launches an optimizer.
 *
 * @throws {MoraineError} `invalid-input` naming the first property of the group that its container does not take, and what
 *   it takes
 */
export async function checkGroupSettings(
  { name, properties }: ResourceGroup,
  { kind }: Pick<ContainerConfig, 'kind'>,
): Promise<void> {
  // The others take nothing from a group but what all do.
  if (kind !== 'kubernetes') return
  // Loaded by those services that have such containers, as where they are opened.
  const { ownSettings } = await import('./kubernetes/kubernetes-settings.ts')
  ownSettings({ group: name, properties })
}
