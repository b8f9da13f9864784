import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { asError } from '@moraine/stdx/error'
import { readMetadata } from '../metadata-file/metadata-files.ts'
import type { SwapOutcome } from '../metadata-file/swap-outcome.ts'
import type { TableIdentifier } from '../table-identifier.ts'
import { glueFate } from './glue-failure.ts'
import type { GlueCall, GlueService } from './glue-service.ts'
import { findGlueTable, type GlueStore } from './glue-store.ts'
import { type GlueTable, gluePointer } from './glue-table.ts'

/** What is seen of a change. `open`: no sign of it, and it can still be made. `untold`: it cannot be told any more. */
export type GlueSight = 'won' | 'lost' | 'open' | 'untold'

export type GlueChange = {
  /** For messages. */
  readonly doing: string
  /** May be made again: after it has taken effect once, it is refused. */
  readonly call: GlueCall<unknown>
  readonly look: () => Promise<GlueSight>
}

/**
 * Makes a change that takes effect at most once. As long as it is certain that it was not made, it is made again; once an
 * answer was lost, what Glue has says how it ended.
 *
 * @throws {MoraineError} if Glue refuses it, or is not reached; nothing was changed then
 */
export async function settleGlueChange(service: GlueService, { doing, call, look }: GlueChange): Promise<SwapOutcome> {
  let doubt: Error | undefined
  for (let failures = 1; ; failures += 1) {
    try {
      await service.once(doing, call)
      return 'won'
    } catch (error) {
      const fate = glueFate(error)
      if (fate === 'refused' && doubt === undefined) throw error
      // Of several the first says best what happened.
      if (fate === 'doubtful') doubt ??= asError(error)
      if (doubt === undefined && failures >= service.attempts) throw error
    }
    if (doubt !== undefined) {
      const seen = await look().catch((): GlueSight => 'open')
      if (seen === 'won' || seen === 'lost') return seen
      if (seen === 'untold' || failures >= service.attempts) return { unknown: doubt }
    }
    await service.pause(failures)
  }
}

/**
 * Looks whether `location` is, or was, the metadata file of a table.
 *
 * @param isOpen whether the change can still be made on the table as it is now
 */
export async function sightOfMetadata(
  store: GlueStore,
  identifier: TableIdentifier,
  location: string,
  isOpen: (table: GlueTable | undefined, metadata: TableMetadata | undefined) => GlueSight,
): Promise<GlueSight> {
  const table = await findGlueTable(store, identifier)
  const pointer = gluePointer(table, identifier)
  if (pointer === location) return 'won'
  if (pointer === undefined) return isOpen(table, undefined)
  // Others may be ahead already: their log has the metadata files before.
  const metadata = await readMetadata(store, pointer)
  return metadata.metadataLog.some(({ metadataFile }) => metadataFile === location) ? 'won' : isOpen(table, metadata)
}
