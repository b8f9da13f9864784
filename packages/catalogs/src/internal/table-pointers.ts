import type { Fence } from '../fence.ts'
import type { Properties } from '../properties.ts'
import type { Namespace } from '../table-identifier.ts'

/**
 * Where internal catalogs keep their namespaces and, for each table and view, the one metadata file that is current. A
 * commit is a compare-and-swap of that pointer. A write that throws may have taken effect nevertheless. Tables and views
 * share their names.
 */
export interface TablePointers {
  /** Children of `parent` in order of their last level, those whose last level comes after `after`. */
  listNamespaces(catalog: string, parent: Namespace, page: PageRequest): Promise<readonly Namespace[]>
  findNamespace(catalog: string, namespace: Namespace): Promise<Properties | undefined>
  /**
   * `no-parent`: the namespace it would lie in is not there, or, for one at the top, the catalog. Stores that others write to,
   * too, know of no catalogs, and need no parents.
   */
  addNamespace(catalog: string, namespace: Namespace, properties: Properties): Promise<'added' | 'exists' | 'no-parent'>
  /** Replaces its properties; `false` if there is no such namespace or its properties are not `expected` any more. */
  swapNamespaceProperties(
    catalog: string,
    namespace: Namespace,
    expected: Properties,
    properties: Properties,
  ): Promise<boolean>
  removeNamespace(catalog: string, namespace: Namespace): Promise<'removed' | 'absent' | 'not-empty'>

  /** Tables or views of `namespace` in order of name, those whose name comes after `after`. */
  listPointers(
    catalog: string,
    namespace: Namespace,
    kind: PointerKind,
    page: PageRequest,
  ): Promise<readonly InternalPointer[]>
  findPointer(catalog: string, namespace: Namespace, name: string): Promise<InternalPointer | undefined>
  /** `exists`: the name is taken; `no-namespace`: there is nowhere to put it; `overlaps`: as of {@link PointerChange}. */
  addPointer(
    pointer: InternalPointer,
    apart?: readonly string[],
  ): Promise<'added' | 'exists' | 'no-namespace' | 'overlaps'>
  /** Whether it won: the location was `pointer.metadataLocation` and is `next` now. */
  swapPointer(pointer: InternalPointer, next: string): Promise<boolean>
  /**
   * Makes all changes or none. They are `refused` if a pointer is not as it was `before`, or if a new one has a name that is
   * taken or a namespace that is not there. `deposed`: the fence does not hold; stores that know nothing of its lease do not look.
   */
  changePointers(changes: readonly PointerChange[], fence?: Fence): Promise<'made' | 'refused' | 'overlaps' | 'deposed'>
  /** Moves the name; the pointer may have been swapped meanwhile and goes with it. */
  renamePointer(
    pointer: InternalPointer,
    to: Pick<InternalPointer, 'namespace' | 'name'>,
  ): Promise<'renamed' | 'absent' | 'exists' | 'no-namespace'>
  removePointer(catalog: string, namespace: Namespace, name: string, kind: PointerKind): Promise<boolean>
}

export type PageRequest = { readonly after?: string; readonly limit: number }

export type PointerKind = 'table' | 'view'

/** `before` is absent for a new one, else it has the same name as `after`. */
export type PointerChange = {
  readonly before?: InternalPointer
  readonly after: InternalPointer
  /**
   * Places, in, at or around none of which may be one of another table or view, of any catalog, dropped or not. It `overlaps`
   * if there is one, also one that comes at the same time. Stores that others write to, too, cannot tell.
   */
  readonly apart?: readonly string[]
}

export type InternalPointer = {
  readonly kind: PointerKind
  readonly catalog: string
  readonly namespace: Namespace
  readonly name: string
  readonly metadataLocation: string
  /**
   * Where its files may be, its location first, as canonical locations that were judged when it was put there. Absent for one
   * that nobody has committed to since places are kept; a change without them leaves them as they were.
   */
  readonly places?: readonly string[]
}
