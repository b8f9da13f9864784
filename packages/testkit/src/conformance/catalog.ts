import { catalogCommitTests } from './catalog-commits.ts'
import { catalogConcurrencyTests } from './catalog-concurrency.ts'
import { catalogNameTests } from './catalog-names.ts'
import { catalogNamespaceTests } from './catalog-namespaces.ts'
import { catalogOptionalTests } from './catalog-optional.ts'
import { catalogRebaseTests } from './catalog-rebase.ts'
import { catalogSignalTests } from './catalog-signals.ts'
import { catalogTableTests } from './catalog-tables.ts'
import { catalogTransactionTests } from './catalog-transactions.ts'
import type { CatalogTraits, OpenCatalog } from './catalog-under-test.ts'
import { catalogViewTests } from './catalog-views.ts'

/** What every catalog does, seen through its port. `open` is called once a test. */
export function catalogConformance(name: string, traits: CatalogTraits, open: OpenCatalog): void {
  catalogNamespaceTests(name, traits, open)
  catalogTableTests(name, traits, open)
  catalogNameTests(name, traits, open)
  catalogCommitTests(name, open)
  catalogConcurrencyTests(name, open)
  catalogSignalTests(name, traits, open)
  if (traits.optional !== undefined) catalogOptionalTests(name, traits.optional, open)
  if (traits.rebases) catalogRebaseTests(name, open)
  if (traits.views) catalogViewTests(name, open)
  if (traits.transactions) catalogTransactionTests(name, open)
}
