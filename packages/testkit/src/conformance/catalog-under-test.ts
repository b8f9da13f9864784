import type { Catalog } from '@moraine/catalogs/catalog'
import type { FileIO } from '@moraine/storage/file-io'

/** An empty catalog, fresh for each test. */
export type CatalogUnderTest = {
  readonly catalog: Catalog
  /** A second client of the same catalog: it shares no memory with the first but what stands for the store. */
  readonly other: Catalog
  /** Where the catalog keeps metadata files. */
  readonly io: FileIO
  /** Where a test may put files of its own. Without a trailing slash. */
  readonly scratch: string
  /** The next commit of `catalog` takes effect, and its answer is lost on the way. */
  loseNextAnswer(): void
  /** The next commit of `catalog` is lost on the way there. */
  loseNextRequest(): void
  /**
   * Of servers by others, that do something else than the test of this title wants: what it then fails with. It has to
   * fail with that, so that a server that mends its ways is noticed.
   */
  deviation?(test: string): RegExp | undefined
  close(): Promise<void>
}

export type CatalogTraits = {
  readonly nestedNamespaces: boolean
  readonly namespaceProperties: boolean
  /** Whether tables can be created in a namespace that was not created before. */
  readonly impliedNamespaces: boolean
  readonly renames: boolean
  /** Whether a table's name is its folder, so that only metadata of a table in that folder can be registered under it. */
  readonly namesAreFolders?: boolean
  readonly views: boolean
  readonly transactions: boolean
  /** Whether appends that were overtaken are rebased, where the table asks for that. */
  readonly rebases?: boolean
  /**
   * What it has of the port's optional members, besides views and transactions. Absent where `catalogOptionalTests` is run
   * by itself, on a catalog that is set up otherwise.
   */
  readonly optional?: readonly OptionalMember[]
  /** Names that this kind of catalog cannot hold, of those in `ODD_NAMES`. */
  readonly refusedNames: readonly string[]
  /** Of these those that it cannot give a namespace; `refusedNames` if absent. */
  readonly refusedNamespaces?: readonly string[]
  /** Of the others those that it lets a table or namespace have, and cannot find it by. */
  readonly unreachableNames?: readonly string[]
  /** Whether to fill a page, which takes more than a thousand tables. */
  readonly fillsPages: boolean
}

export type OptionalMember = keyof Pick<
  Catalog,
  'overwriteTable' | 'purgeTable' | 'probeCommit' | 'loadStorage' | 'dropped'
>

export type OpenCatalog = () => Promise<CatalogUnderTest>
