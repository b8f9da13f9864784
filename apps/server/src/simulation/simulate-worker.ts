import { parentPort, workerData } from 'node:worker_threads'
import { openSqlite } from '@moraine/persistence/sqlite/open-sqlite'
import { type Simulation, simulate } from './simulate.ts'
import type { WorkerSeeds } from './simulate-many.ts'

const { seeds, sqlite, ...parts } = workerData as WorkerSeeds
for (const seed of seeds) {
  parentPort?.postMessage(await (sqlite === true ? simulateOnSqlite(seed) : simulate(seed, parts)))
}

async function simulateOnSqlite(seed: number): Promise<Simulation> {
  const { stores, close } = await openSqlite(':memory:')
  try {
    return await simulate(seed, { servers: 1, ...parts, twin: stores })
  } finally {
    await close()
  }
}
