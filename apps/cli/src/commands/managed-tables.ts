import type { TableVerdictBody } from '@moraine/api/rest/table-schemas'
import { type ManagedTableName, type ManagedTablesApi, managedTablesApi } from '@moraine/client/managed-tables-api'
import { identifierOfLevels } from '../table/open-in-catalog.ts'
import { parseLevels } from '../table/table-ref.ts'
import { pastRequestText } from '../text/asked-text.ts'
import { formatName } from '../text/name-text.ts'
import { verdictText } from '../text/verdict-text.ts'
import type { CommandContext } from './command-context.ts'
import { apiConnection } from './server-access.ts'
import type { RawServerOptions } from './server-options.ts'

export type RawManagedOptions = RawServerOptions & { readonly catalog: string }
export type RawTriggerOptions = RawManagedOptions & {
  readonly type: 'auto' | 'minor' | 'major' | 'full'
  readonly where?: string
  readonly partition?: readonly string[]
}

type Ask = (api: ManagedTablesApi, table: ManagedTableName, signal: AbortSignal) => Promise<TableVerdictBody>

/** How the service stands to the table: what it does, or why it does nothing. */
export async function showStatus(ref: string, raw: RawManagedOptions, context: CommandContext): Promise<void> {
  const { levels, table, api } = askedTable(ref, raw, context)
  const verdict = await api.verdict(table, context.signal)
  if (raw.json === true) return context.printJson({ table: levels, ...verdict })
  const { lastRequest } = verdict
  context.print(`${verdictText(formatName(levels), verdict)}\n`)
  if (lastRequest !== null) context.print(`  asked: ${pastRequestText(lastRequest)}\n`)
}

export function triggerManaged(ref: string, raw: RawTriggerOptions, context: CommandContext): Promise<void> {
  const how = {
    type: raw.type,
    ...(raw.where !== undefined && { filter: raw.where }),
    ...(raw.partition !== undefined && { partitions: [...raw.partition] }),
  }
  return ask(ref, raw, context, (api, table, signal) => api.optimize(table, how, signal))
}

export function pauseManaged(
  ref: string,
  raw: RawManagedOptions & { readonly reason?: string },
  context: CommandContext,
): Promise<void> {
  return ask(ref, raw, context, (api, table, signal) => api.pause(table, raw.reason, signal))
}

export function resumeManaged(ref: string, raw: RawManagedOptions, context: CommandContext): Promise<void> {
  return ask(ref, raw, context, (api, table, signal) => api.resume(table, signal))
}

/** A table by its name in a catalog of the service, and how the service is asked about it. */
export function askedTable(ref: string, raw: RawManagedOptions, context: CommandContext): AskedTable {
  const levels = parseLevels(ref, 'table name')
  const table = { catalog: raw.catalog, ...identifierOfLevels(levels) }
  return { levels, table, api: managedTablesApi(apiConnection(raw, context)) }
}

export type AskedTable = {
  readonly levels: readonly string[]
  readonly table: ManagedTableName
  readonly api: ManagedTablesApi
}

async function ask(ref: string, raw: RawManagedOptions, context: CommandContext, call: Ask): Promise<void> {
  const { levels, table, api } = askedTable(ref, raw, context)
  const verdict = await call(api, table, context.signal)
  if (raw.json === true) return context.printJson({ table: levels, ...verdict })
  context.print(`${verdictText(formatName(levels), verdict)}\n`)
}
