import { groupOptimizersApi } from '@moraine/client/group-optimizers-api'
import { counted } from '@moraine/stdx/human-text'
import { groupOptimizersText } from '../text/group-optimizers-text.ts'
import type { CommandContext } from './command-context.ts'
import { insteadOf } from './instead-of.ts'
import { numberOption, THREADS } from './number-option.ts'
import { apiConnection } from './server-access.ts'
import type { RawServerOptions } from './server-options.ts'

/** Answered before the optimizer is there: `group optimizers` shows when it is. */
export async function scaleGroup(
  name: string,
  raw: RawServerOptions & { readonly threads: string },
  context: CommandContext,
): Promise<void> {
  const threads = numberOption('--threads', raw.threads, THREADS)
  await groupOptimizersApi(apiConnection(raw, context)).scaleOut(name, threads, context.signal)
  if (raw.json === true) return context.printJson({ group: name, threads, outcome: 'requested' })
  context.print(
    `an optimizer with ${counted(threads, 'thread')} is requested for group ${name}; \`moraine group optimizers ${name}\` shows what becomes of it\n`,
  )
}

export async function showOptimizers(name: string, raw: RawServerOptions, context: CommandContext): Promise<void> {
  const api = groupOptimizersApi(apiConnection(raw, context))
  const optimizers = await api.optimizers(name, context.signal)
  const resources = await api.resources(name, context.signal)
  if (raw.json === true) return context.printJson({ optimizers, resources })
  context.print(groupOptimizersText(name, optimizers, resources))
}

export async function releaseOptimizer(
  id: string,
  raw: RawServerOptions & { readonly drain?: boolean },
  context: CommandContext,
): Promise<void> {
  const byHand = `${id} was started by hand: whoever did stops its process (SIGTERM lets its tasks end); \`moraine group release ${id} --drain\` has it take no more tasks from now on`
  await groupOptimizersApi(apiConnection(raw, context))
    .release(id, { drain: raw.drain === true }, context.signal)
    .catch(insteadOf('conflict', byHand))
  if (raw.json === true) context.printJson({ id, outcome: 'releasing' })
  else context.print(`${id} goes once its tasks have ended\n`)
}
