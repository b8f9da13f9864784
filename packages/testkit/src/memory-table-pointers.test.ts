import { tablePointersConformance } from './conformance/table-pointers.ts'
import { memoryTablePointers } from './memory-table-pointers.ts'

tablePointersConformance('pointers in memory', async () => ({
  pointers: memoryTablePointers(),
  close: async () => {},
}))
