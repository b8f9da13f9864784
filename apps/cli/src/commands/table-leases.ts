import type { BlockerBody } from '@moraine/api/rest/hold-schemas'
import { momentText } from '../text/moment-text.ts'
import { formatName } from '../text/name-text.ts'
import { textTable } from '../text/table-text.ts'
import type { CommandContext } from './command-context.ts'
import { insteadOf } from './instead-of.ts'
import { askedTable, type RawManagedOptions } from './managed-tables.ts'

/** Leases by which engines keep a table to themselves. */
export async function listLeases(ref: string, raw: RawManagedOptions, context: CommandContext): Promise<void> {
  const { levels, table, api } = askedTable(ref, raw, context)
  const leases = await api.blockers(table, context.signal)
  if (raw.json === true) return context.printJson(leases)
  if (leases.length === 0) return context.print(`${formatName(levels)} has no lease\n`)
  context.print(`${textTable(['lease', 'forbids', 'since', 'ends unless renewed', 'properties'], leases.map(rowOf))}\n`)
}

/** Ends a lease whose engine has gone without giving it back; one that is still there hears of it when it renews. */
export async function endLease(
  ref: string,
  id: string,
  raw: RawManagedOptions,
  context: CommandContext,
): Promise<void> {
  const { levels, table, api } = askedTable(ref, raw, context)
  const name = formatName(levels)
  // The table is found first: what is not there then is the lease.
  await api.blockers(table, context.signal)
  const none = `${name} has no lease '${id}'; \`moraine table blockers ${name} --catalog ${raw.catalog}\` lists those that it has`
  await api.unblock(table, id, context.signal).catch(insteadOf('not-found', none))
  if (raw.json === true) return context.printJson({ table: levels, lease: id, outcome: 'ended' })
  context.print(`lease ${id} of ${name} has ended\n`)
}

function rowOf({ blockerId, operations, createdAt, expiresAt, properties }: BlockerBody): readonly string[] {
  const text = Object.entries(properties).map(([key, value]) => `${key}=${value}`)
  return [blockerId, operations.join(', '), momentText(createdAt), momentText(expiresAt), text.join(', ')]
}
