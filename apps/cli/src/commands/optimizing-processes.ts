import type { ApiList, ApiPage } from '@moraine/client/managed-tables-api'
import { MoraineError } from '@moraine/stdx/error'
import { formatName } from '../text/name-text.ts'
import { processesText, tasksText } from '../text/process-text.ts'
import type { CommandContext } from './command-context.ts'
import { type AskedTable, askedTable, type RawManagedOptions } from './managed-tables.ts'
import { LIST_LENGTHS, numberOption } from './number-option.ts'

export type RawProcessesOptions = RawManagedOptions & {
  readonly limit: string
  readonly type?: string
  readonly status?: string
}

/** What was done to the table and what is being done, newest first. */
export async function showProcesses(ref: string, raw: RawProcessesOptions, context: CommandContext): Promise<void> {
  const limit = numberOption('--limit', raw.limit, LIST_LENGTHS)
  const { levels, table, api } = askedTable(ref, raw, context)
  const { type, status } = raw
  const which = { ...(type !== undefined && { type }), ...(status !== undefined && { status }) }
  const found = await firstOf(limit, (page) => api.processes(table, { ...which, ...page }, context.signal))
  if (raw.json === true) context.printJson({ table: levels, ...found })
  else context.print(processesText(formatName(levels), found))
}

/** The tasks of a process of the table; of the newest if none is named. */
export async function showTasks(
  ref: string,
  process: string | undefined,
  raw: RawManagedOptions & { readonly limit: string },
  context: CommandContext,
): Promise<void> {
  const limit = numberOption('--limit', raw.limit, LIST_LENGTHS)
  const asked = askedTable(ref, raw, context)
  const processId = process ?? (await newestProcess(asked, context))
  const found = await firstOf(limit, (page) => asked.api.tasks(asked.table, processId, page, context.signal))
  if (raw.json === true) context.printJson({ table: asked.levels, processId, ...found })
  else context.print(tasksText(processId, found))
}

/** Ends a process; the one that runs if none is named. */
export async function cancelManaged(
  ref: string,
  process: string | undefined,
  raw: RawManagedOptions,
  context: CommandContext,
): Promise<void> {
  const asked = askedTable(ref, raw, context)
  const processId = process ?? (await runningProcess(asked, context))
  const { state } = await asked.api.cancel(asked.table, processId, context.signal)
  if (raw.json === true) return context.printJson({ table: asked.levels, processId, state })
  const outcome =
    state === 'canceled'
      ? 'is canceled: its running tasks are told to stop, and what they wrote is deleted'
      : 'takes no more tasks; what had succeeded is still committed (self-optimizing.allow-partial-commit)'
  context.print(`${formatName(asked.levels)}: process ${processId} ${outcome}\n`)
}

const PAGE_MAX = 500

/** As many as are asked for, page by page. */
async function firstOf<T>(limit: number, load: (page: ApiPage) => Promise<ApiList<T>>): Promise<ApiList<T>> {
  const pageSize = Math.min(limit, PAGE_MAX)
  const list: T[] = []
  for (let page = 1; ; page += 1) {
    const found = await load({ page, pageSize })
    list.push(...found.list)
    if (list.length >= Math.min(limit, found.total) || found.list.length === 0) {
      return { list: list.slice(0, limit), total: found.total }
    }
  }
}

async function newestProcess({ levels, table, api }: AskedTable, { signal }: CommandContext): Promise<string> {
  const { list } = await api.processes(table, { page: 1, pageSize: 1 }, signal)
  const [newest] = list
  if (newest !== undefined) return newest.processId
  throw new MoraineError('not-found', `${formatName(levels)} has not been optimized yet: there is no process`)
}

async function runningProcess({ levels, table, api }: AskedTable, { signal }: CommandContext): Promise<string> {
  const { processId, kind, text } = await api.verdict(table, signal)
  if (processId !== null) return processId
  throw new MoraineError('not-found', `${formatName(levels)} has no process that could be canceled; ${kind}: ${text}`)
}
