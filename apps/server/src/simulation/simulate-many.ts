import { Worker } from 'node:worker_threads'
import type { Simulation } from './simulate.ts'

/**
 * Simulates the seeds in worker threads and hands over each result as it comes. Threads also keep the test runner's
 * tracking of promises away, which makes a simulation several times slower.
 */
export async function simulateMany(
  seeds: readonly number[],
  onResult: (result: Simulation) => void,
  options: SimulationOptions = {},
): Promise<void> {
  const { threads = 2 } = options
  await Promise.all(
    Array.from({ length: threads }, (_, thread) => {
      const own = seeds.filter((_seed, index) => index % threads === thread)
      return runWorker({ ...options, seeds: own }, onResult)
    }),
  )
}

export type SimulationOptions = {
  readonly threads?: number
  /** Every question to the stores is also put to SQLite, and the answers must be equal. */
  readonly sqlite?: boolean
  /** As each seed says if absent. */
  readonly servers?: number
  readonly allocates?: boolean
  readonly asks?: boolean
  readonly renames?: boolean
}

function runWorker(workerData: object, onResult: (result: Simulation) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./simulate-worker.ts', import.meta.url), { workerData })
    worker.on('message', onResult)
    worker.on('error', reject)
    worker.on('exit', () => resolve())
  })
}
