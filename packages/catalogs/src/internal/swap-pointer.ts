import { unreachable } from '@moraine/stdx/assert'
import { asError, MoraineError } from '@moraine/stdx/error'
import type { Fence } from '../fence.ts'
import { type AddedOrigin, lookForAdded } from '../metadata-file/look-for-added.ts'
import { readMetadata } from '../metadata-file/metadata-files.ts'
import type { SwapOutcome } from '../metadata-file/swap-outcome.ts'
import { toldByLog } from '../metadata-file/told-by-log.ts'
import { isClaimLost } from '../request-claim.ts'
import type { InternalStore } from './internal-store.ts'
import type { Whereabouts } from './location-rules.ts'
import type { InternalPointer, PointerChange } from './table-pointers.ts'

/** Makes `next` the current metadata file if `pointer` still stands. */
async function swapPointer(
  store: InternalStore,
  pointer: InternalPointer,
  next: string,
  signal?: AbortSignal,
): Promise<SwapOutcome> {
  try {
    if (await store.pointers.swapPointer(pointer, next)) return 'won'
  } catch (cause) {
    if (isClaimLost(cause)) throw cause
    return settle(() => settleSwap(store, pointer, next, signal), cause)
  }
  // A refusal may also be the echo of our own swap, if the request was sent twice on the way.
  return settle(async () => (await settleSwap(store, pointer, next, signal)) ?? 'lost', undefined)
}

/**
 * As {@link swapPointer}, where the table's place may have changed with it.
 *
 * @throws {MoraineError} `unavailable` if the fence does not hold: nothing was changed, and nothing will be
 */
export function movePointer(
  store: InternalStore,
  pointer: InternalPointer,
  next: string,
  { places = pointer.places, apart }: Whereabouts,
  { signal, fence }: { readonly signal: AbortSignal | undefined; readonly fence?: Fence | undefined },
): Promise<SwapOutcome> {
  const isUnfenced = fence === undefined
  if (isUnfenced && apart.length === 0 && isEqual(places, pointer.places)) {
    return swapPointer(store, pointer, next, signal)
  }
  const after = { ...pointer, metadataLocation: next, ...(places && { places }) }
  return changePointers(store, [{ before: pointer, after, apart }], signal, fence)
}

/**
 * Makes all changes or none. They are lost, too, if another table or view has come into the place of one: made again they
 * are judged again.
 *
 * @throws {MoraineError} as {@link movePointer}
 */
export async function changePointers(
  store: InternalStore,
  changes: readonly PointerChange[],
  signal?: AbortSignal,
  fence?: Fence,
): Promise<SwapOutcome> {
  // What became of one became of all.
  const look = async () => {
    for (const { before, after } of changes) {
      const outcome =
        before === undefined
          ? await settleAddition(store, after, 'written')
          : await settleSwap(store, before, after.metadataLocation, signal)
      if (outcome !== undefined) return outcome
    }
    return undefined
  }
  let outcome: Awaited<ReturnType<InternalStore['pointers']['changePointers']>>
  try {
    outcome = await store.pointers.changePointers(changes, fence)
  } catch (cause) {
    if (isClaimLost(cause)) throw cause
    return settle(look, cause)
  }
  switch (outcome) {
    case 'made':
      return 'won'
    case 'overlaps':
      return 'lost'
    case 'refused':
      return settle(async () => (await look()) ?? 'lost', undefined)
    case 'deposed':
      throw new MoraineError('unavailable', 'nothing was committed: another server leads now')
    default:
      return unreachable(outcome)
  }
}

/**
 * Makes `pointer.metadataLocation` the metadata file of a new table or view; not where another `overlaps`, which came into its
 * place since that was judged.
 */
export async function addPointer(
  store: InternalStore,
  pointer: InternalPointer,
  { places, apart }: Whereabouts,
  origin: AddedOrigin,
): Promise<SwapOutcome | 'no-namespace' | 'overlaps'> {
  try {
    const outcome = await store.pointers.addPointer({ ...pointer, ...(places && { places }) }, apart)
    if (outcome !== 'exists') return outcome === 'added' ? 'won' : outcome
  } catch (cause) {
    if (isClaimLost(cause)) throw cause
    return settle(() => settleAddition(store, pointer, origin), cause)
  }
  return settle(async () => (await settleAddition(store, pointer, origin)) ?? 'lost', undefined)
}

/** `undefined` if it cannot be told. */
async function settleAddition(
  store: InternalStore,
  pointer: InternalPointer,
  origin: AddedOrigin,
): Promise<'won' | 'lost' | undefined> {
  const { kind, metadataLocation } = pointer
  const found = await find(store, pointer)
  if (found === undefined) return undefined
  if (found.metadataLocation === metadataLocation) return 'won'
  if (found.kind !== kind) return 'lost'
  if (kind === 'view') return undefined
  const added = { metadata: await readMetadata(store, metadataLocation), metadataLocation, origin }
  const seen = await lookForAdded(store, added, found.metadataLocation)
  return seen === 'untold' ? undefined : seen
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
  return toldByLog(await readMetadata(store, found.metadataLocation, signal), { base: pointer.metadataLocation, next })
}

function isEqual(places: readonly string[] | undefined, others: readonly string[] | undefined): boolean {
  return JSON.stringify(places) === JSON.stringify(others)
}

function find(store: InternalStore, { namespace, name }: InternalPointer): Promise<InternalPointer | undefined> {
  return store.pointers.findPointer(store.name, namespace, name)
}

async function settle(look: () => Promise<'won' | 'lost' | undefined>, cause: unknown): Promise<SwapOutcome> {
  try {
    return (await look()) ?? { unknown: asError(cause) }
  } catch (error) {
    // The first failure says more than that of looking afterwards.
    return { unknown: asError(cause ?? error) }
  }
}
