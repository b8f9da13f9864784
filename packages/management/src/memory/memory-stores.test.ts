import { catalogStoresConformance } from '../catalogs/catalog-stores.conformance.ts'
import { storesConformance } from '../store/stores.conformance.ts'
import { memoryStores } from './memory-stores.ts'

const open = async () => ({ stores: memoryStores(), close: async () => undefined })

storesConformance('memory', open)
catalogStoresConformance('memory', open)
