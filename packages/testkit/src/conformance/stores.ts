import { describe } from 'node:test'
import { allocationConformance } from './stores/allocations.ts'
import { blockerConformance } from './stores/blockers.ts'
import { freshStores, type OpenedStores } from './stores/opened-stores.ts'
import { optimizerConformance } from './stores/optimizers.ts'
import { processConformance } from './stores/processes.ts'
import { resourceConformance } from './stores/resources.ts'
import { tableConformance } from './stores/tables.ts'

/** What every implementation of the stores must do, told through the decisions that production makes. */
export function storesConformance(name: string, open: () => Promise<OpenedStores>): void {
  describe(`${name}: managed tables`, () => tableConformance(freshStores(open)))
  describe(`${name}: blockers`, () => blockerConformance(freshStores(open)))
  describe(`${name}: processes and tasks`, () => processConformance(freshStores(open)))
  describe(`${name}: optimizers and groups`, () => optimizerConformance(freshStores(open)))
  describe(`${name}: resources`, () => resourceConformance(freshStores(open)))
  describe(`${name}: allocations`, () => allocationConformance(freshStores(open)))
}
