import { Worker } from 'node:worker_threads'
import type { Simulation } from './simulate.ts'
import type { SimulatedParts } from './world-plan.ts'

/**
 * Simulates the seeds in worker threads and hands over each result as it comes. Threads also keep the test runner's
 * tracking of promises away, which makes a simulation several times slower.
 *
 * @throws {Error} naming the seeds that came to no result
 */
export async function simulateMany(
  seeds: readonly number[],
  onResult: (result: Simulation) => void,
  options: SimulationOptions = {},
): Promise<void> {
  const { threads = 2, sources, ...world } = options
  const script = sources === undefined ? OWN_WORKER : new URL(WORKER, sources)
  await Promise.all(
    Array.from({ length: Math.min(threads, seeds.length) }, (_, thread) => {
      const own = seeds.filter((_seed, index) => index % threads === thread)
      return runWorker(script, { ...world, seeds: own }, onResult)
    }),
  )
}

export type SimulationOptions = Omit<SimulatedParts, 'twin'> & {
  readonly threads?: number
  /** Every question to the stores is also put to SQLite, and the answers must be equal. One server alone then. */
  readonly sqlite?: boolean
  /** The root of the sources that are run, if not these. */
  readonly sources?: URL
}

const OWN_WORKER = new URL('./simulate-worker.ts', import.meta.url)
const WORKER = 'apps/server/src/simulation/simulate-worker.ts'

export type WorkerSeeds = Omit<SimulationOptions, 'threads' | 'sources'> & { readonly seeds: readonly number[] }

function runWorker(script: URL, workerData: WorkerSeeds, onResult: (result: Simulation) => void): Promise<void> {
  const missing = new Set(workerData.seeds)
  return new Promise((resolve, reject) => {
    const worker = new Worker(script, { workerData })
    worker.on('message', (result: Simulation) => {
      missing.delete(result.seed)
      onResult(result)
    })
    worker.on('error', reject)
    // One whose seed waits for what never comes ends as if it were done.
    worker.on('exit', (code) => {
      if (code === 0 && missing.size === 0) return resolve()
      const some = [...missing].slice(0, 10).join(', ')
      reject(new Error(`a worker ended with code ${code}, without a result of ${missing.size} seeds: ${some}`))
    })
  })
}
