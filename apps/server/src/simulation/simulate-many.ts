import { Worker } from 'node:worker_threads'
import type { Simulation } from './simulate.ts'

/**
 * Simulates the seeds in worker threads and hands over each result as it comes. Threads also keep the test runner's
 * tracking of promises away, which makes a simulation several times slower.
 */
export async function simulateMany(
  seeds: readonly number[],
  onResult: (result: Simulation) => void,
  threads = 2,
): Promise<void> {
  await Promise.all(
    Array.from({ length: threads }, (_, thread) =>
      runWorker(
        seeds.filter((_seed, index) => index % threads === thread),
        onResult,
      ),
    ),
  )
}

function runWorker(seeds: readonly number[], onResult: (result: Simulation) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./simulate-worker.ts', import.meta.url), { workerData: seeds })
    worker.on('message', onResult)
    worker.on('error', reject)
    worker.on('exit', () => resolve())
  })
}
