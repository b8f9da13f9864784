import { beforeEach, describe } from 'node:test'
import { answersConformance } from './stores/answers.ts'
import { catalogStoreConformance } from './stores/catalogs.ts'
import { dropsConformance } from './stores/drops.ts'
import { freshStores, type OpenedStores } from './stores/opened-stores.ts'
import { pointerConformance } from './stores/pointers.ts'
import { principalConformance } from './stores/principals.ts'
import { reportConformance } from './stores/reports.ts'
import { uploadConformance } from './stores/uploads.ts'

/** What every implementation of the catalog stores must do. */
export function catalogStoresConformance(name: string, open: () => Promise<OpenedStores>): void {
  const withLake = () => {
    const stores = freshStores(open)
    beforeEach(() => stores().catalogs.saveCatalog({ name: 'lake', type: 'ams', properties: {} }))
    return stores
  }
  describe(`${name}: catalogs`, () => catalogStoreConformance(freshStores(open)))
  describe(`${name}: dropped tables`, () => dropsConformance(withLake()))
  describe(`${name}: answered requests`, () => answersConformance(freshStores(open)))
  describe(`${name}: principals`, () => principalConformance(freshStores(open)))
  describe(`${name}: metrics reports`, () => reportConformance(freshStores(open)))
  describe(`${name}: uploaded files`, () => uploadConformance(freshStores(open)))
  describe(`${name}: table pointers`, () => pointerConformance(withLake()))
}
