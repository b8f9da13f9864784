import { isKind, MoraineError } from '@moraine/stdx/error'
import { readMetadata } from '../metadata-file/metadata-files.ts'
import type { Properties } from '../properties.ts'
import { formatIdentifier } from '../table-identifier.ts'
import type { InternalStore } from './internal-store.ts'
import type { InternalPointer } from './table-pointers.ts'

/** A property of the table, so that whoever may change the table may lift it. Views have no files to lose, and no protection. */
export const DELETION_PROTECTION = 'deletion-protection.enabled'

/**
 * Refuses to part a table from its name that is protected in the state that `pointer` names. Whoever goes on must part that
 * very pointer: a commit in between may have protected the table.
 *
 * @param remove what was asked for, for messages: `drop it`
 * @throws {MoraineError} `permission` of a protected one, `unavailable` of one that cannot be looked at now
 */
export async function checkUnprotected(store: InternalStore, pointer: InternalPointer, remove: string): Promise<void> {
  const properties = await propertiesOf(store, pointer, remove)
  const value = Object.hasOwn(properties, DELETION_PROTECTION) ? properties[DELETION_PROTECTION] : undefined
  const meant = value?.trim().toLowerCase()
  if (meant === undefined || meant === 'false') return
  // Whoever wrote `yes` wanted it kept: a slip protects once too often, and takes no table.
  const also = meant === 'true' ? '' : ` by '${value}', as by any value but false`
  throw new MoraineError(
    'permission',
    `table ${formatIdentifier(pointer)} is protected${also}: set its property ${DELETION_PROTECTION} to false to ${remove}`,
    { context: { entity: 'table' } },
  )
}

async function propertiesOf(store: InternalStore, pointer: InternalPointer, remove: string): Promise<Properties> {
  try {
    return (await readMetadata(store, pointer.metadataLocation)).properties
  } catch (cause) {
    // Nobody will ever read it: such a table can go. Of any other nobody knows whether it is protected.
    if (isKind(cause, 'not-found') || isKind(cause, 'corrupt')) return {}
    const why = cause instanceof Error ? cause.message : String(cause)
    const what = `whether table ${formatIdentifier(pointer)} is protected cannot be told now`
    throw new MoraineError('unavailable', `${what}; ask to ${remove} again when its store answers: ${why}`, { cause })
  }
}
