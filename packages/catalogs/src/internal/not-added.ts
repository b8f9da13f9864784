import { changeUncertain, nameTaken, noSuchNamespace } from '../catalog-error.ts'
import type { TableIdentifier } from '../table-identifier.ts'
import { findTaken, type InternalStore } from './internal-store.ts'
import { refuseOverlap } from './location-rules.ts'
import type { addPointer } from './swap-pointer.ts'
import type { PointerKind } from './table-pointers.ts'

type NotAdded = Exclude<Awaited<ReturnType<typeof addPointer>>, 'won'>

/** @returns for whoever asked for a new table or view: why there is none, or that nobody can tell */
export async function notAdded(
  store: InternalStore,
  outcome: NotAdded,
  { kind, identifier, location, done }: Addition,
): Promise<Error> {
  if (typeof outcome === 'object') return changeUncertain(kind, identifier, done, outcome.unknown)
  if (outcome === 'no-namespace') return noSuchNamespace(identifier.namespace)
  if (outcome === 'overlaps') refuseOverlap('location', location)
  return nameTaken(kind, (await findTaken(store, identifier)) ?? kind, identifier)
}

type Addition = {
  readonly kind: PointerKind
  readonly identifier: TableIdentifier
  readonly location: string
  readonly done: 'created' | 'registered'
}
