import { catalogStoresConformance } from '../conformance/catalog-stores.ts'
import { leasesConformance } from '../conformance/leases.ts'
import { storesConformance } from '../conformance/stores.ts'
import { memoryStores } from './memory-stores.ts'

const open = async () => ({ stores: memoryStores(), close: async () => undefined })

storesConformance('memory', open)
catalogStoresConformance('memory', open)
leasesConformance('memory', open)
