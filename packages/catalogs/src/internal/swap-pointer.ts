import { readMetadata } from '../metadata-file/metadata-files.ts'
import type { InternalStore } from './internal-store.ts'
import type { InternalPointer, PointerChange } from './table-pointers.ts'

/**
 * How a write of a pointer ended. `lost`: it did not and will not take effect. `unknown`: it may have taken effect, or
 * may yet; the metadata file it names must stay.
 */
export type PointerOutcome = 'won' | 'lost' | { readonly unknown: Error }

/** Makes `next` the current metadata file if `pointer` still stands. */
export async function swapPointer(
  store: InternalStore,
  pointer: InternalPointer,
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

/** Makes all changes or none. */
export async function changePointers(
  store: InternalStore,
  changes: readonly PointerChange[],
  signal?: AbortSignal,
): Promise<PointerOutcome> {
  // What became of one became of all.
  const look = async () => {
    for (const { before, after } of changes) {
      const outcome =
        before === undefined
          ? await settleAddition(store, after)
          : await settleSwap(store, before, after.metadataLocation, signal)
      if (outcome !== undefined) return outcome
    }
    return undefined
  }
  try {
    if (await store.pointers.changePointers(changes)) return 'won'
  } catch (cause) {
    return settle(look, cause)
  }
  return settle(async () => (await look()) ?? 'lost', undefined)
}

/** Makes `pointer.metadataLocation` the metadata file of a new table or view. */
export async function addPointer(
  store: InternalStore,
  pointer: InternalPointer,
): Promise<PointerOutcome | 'no-namespace'> {
  try {
    const outcome = await store.pointers.addPointer(pointer)
    if (outcome !== 'exists') return outcome === 'added' ? 'won' : outcome
  } catch (cause) {
    return settle(() => settleAddition(store, pointer), cause)
  }
  return settle(async () => (await settleAddition(store, pointer)) ?? 'lost', undefined)
}

/** `undefined` if it cannot be told. */
async function settleAddition(store: InternalStore, pointer: InternalPointer): Promise<'won' | 'lost' | undefined> {
  const found = await find(store, pointer)
  if (found === undefined) return undefined
  return found.metadataLocation === pointer.metadataLocation ? 'won' : 'lost'
}

/** `undefined` if it cannot be told. */
async function settleSwap(
  store: InternalStore,
  pointer: InternalPointer,
  next: string,
  signal: AbortSignal | undefined,
): Promise<'won' | 'lost' | undefined> {
  const found = await find(store, pointer)
  if (found === undefined || found.metadataLocation === pointer.metadataLocation) return undefined
  if (found.metadataLocation === next) return 'won'
  // Views keep no log of their files.
  if (found.kind === 'view') return undefined
  // Others are ahead. Their log has every metadata file since the one we started from, if it reaches back that far.
  const { metadataLog } = await readMetadata(store, found.metadataLocation, signal)
  const logged = new Set(metadataLog.map(({ metadataFile }) => metadataFile))
  if (logged.has(next)) return 'won'
  return logged.has(pointer.metadataLocation) ? 'lost' : undefined
}

function find(store: InternalStore, { namespace, name }: InternalPointer): Promise<InternalPointer | undefined> {
  return store.pointers.findPointer(store.name, namespace, name)
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
