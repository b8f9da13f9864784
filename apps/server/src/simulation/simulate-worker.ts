import { parentPort, workerData } from 'node:worker_threads'
import { simulate } from './simulate.ts'

for (const seed of workerData as readonly number[]) parentPort?.postMessage(await simulate(seed))
