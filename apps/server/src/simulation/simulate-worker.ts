import { parentPort, workerData } from 'node:worker_threads'
import { openSqlite } from '@moraine/persistence/sqlite/open-sqlite'
import { type Simulation, simulate } from './simulate.ts'
import type { SimulationOptions } from './simulate-many.ts'

const { seeds, sqlite, ...parts } = workerData as { readonly seeds: readonly number[] } & SimulationOptions
for (const seed of seeds) parentPort?.postMessage(await (sqlite ? simulateOnSqlite(seed) : simulate(seed, parts)))

async function simulateOnSqlite(seed: number): Promise<Simulation> {
  const { stores, close } = await openSqlite(':memory:')
  try {
    return await simulate(seed, { ...parts, twin: stores, servers: 1 })
  } finally {
    await close()
  }
}
