import { findPointer, type InternalStore, readMetadata } from './internal-store.ts'
import type { InternalTable } from './table-pointers.ts'

/**
 * How a write of a pointer ended. `lost`: it did not and will not take effect. `unknown`: it may have taken effect, or
 * may yet; the metadata file it names must stay.
 */
export type PointerOutcome = 'won' | 'lost' | { readonly unknown: Error }

/** Makes `next` the current metadata file of the table if `pointer` still stands. */
export async function swapPointer(
  store: InternalStore,
  pointer: InternalTable,
  next: string,
  signal?: AbortSignal,
): Promise<PointerOutcome> {
  try {
    if (await store.pointers.swapPointer(pointer, next)) return 'won'
  } catch (cause) {
    return settle(() => settleSwap(store, pointer, next, signal), cause)
  }
  // A refusal may also be the echo of our own swap, if the request was sent twice on the way.
  return settle(async () => (await settleSwap(store, pointer, next, signal)) ?? 'lost', undefined)
}

/** Makes `table.metadataLocation` the metadata file of a new table. */
export async function addPointer(store: InternalStore, table: InternalTable): Promise<PointerOutcome | 'no-namespace'> {
  try {
    const outcome = await store.pointers.addPointer(table)
    if (outcome !== 'exists') return outcome === 'added' ? 'won' : outcome
  } catch (cause) {
    return settle(async () => {
      const found = await findPointer(store, table)
      if (found === undefined) return undefined
      return found.metadataLocation === table.metadataLocation ? 'won' : 'lost'
    }, cause)
  }
  return settle(async () => {
    const found = await findPointer(store, table)
    return found?.metadataLocation === table.metadataLocation ? 'won' : 'lost'
  }, undefined)
}

/** `undefined` if it cannot be told. */
async function settleSwap(
  store: InternalStore,
  pointer: InternalTable,
  next: string,
  signal: AbortSignal | undefined,
): Promise<'won' | 'lost' | undefined> {
  const found = await findPointer(store, pointer)
  if (found === undefined || found.metadataLocation === pointer.metadataLocation) return undefined
  if (found.metadataLocation === next) return 'won'
  // Others are ahead. Their log has every metadata file since the one we started from, if it reaches back that far.
  const { metadataLog } = await readMetadata(store, found.metadataLocation, signal)
  const logged = new Set(metadataLog.map(({ metadataFile }) => metadataFile))
  if (logged.has(next)) return 'won'
  return logged.has(pointer.metadataLocation) ? 'lost' : undefined
}

async function settle(look: () => Promise<'won' | 'lost' | undefined>, cause: unknown): Promise<PointerOutcome> {
  try {
    return (await look()) ?? { unknown: asError(cause) }
  } catch (error) {
    // The first failure says more than that of looking afterwards.
    return { unknown: asError(cause ?? error) }
  }
}

function asError(cause: unknown): Error {
  return cause instanceof Error ? cause : new Error(String(cause))
}
