import { groupsApi } from '@moraine/client/groups-api'
import { allocationExplanationText } from '../text/allocation-explanation-text.ts'
import type { CommandContext } from './command-context.ts'
import { apiConnection } from './server-access.ts'
import type { RawServerOptions } from './server-options.ts'

/** Why the group has the optimizers that it has, by its dynamic allocation. */
export async function explainGroup(name: string, raw: RawServerOptions, context: CommandContext): Promise<void> {
  const allocation = await groupsApi(apiConnection(raw, context)).allocation(name, context.signal)
  if (raw.json === true) return context.printJson(allocation)
  context.print(allocationExplanationText(allocation))
}
