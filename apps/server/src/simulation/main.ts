import { parseArgs } from 'node:util'
import { simulateMany } from './simulate-many.ts'

// npm run sim -- [--seeds 1000] [--from 1] [--threads 2] [--servers N] [--allocates] [--asks] [--renames] [--sqlite]
const text = { type: 'string' } as const
const { values } = parseArgs({
  options: {
    seeds: text,
    from: text,
    threads: text,
    servers: text,
    sqlite: { type: 'boolean' },
    allocates: { type: 'boolean' },
    asks: { type: 'boolean' },
    renames: { type: 'boolean' },
  },
})
const from = Number(values.from ?? 1)
const seeds = Array.from({ length: Number(values.seeds ?? 1000) }, (_, index) => from + index)
const totals = {
  steps: 0,
  virtualHours: 0,
  processes: 0,
  attempts: 0,
  terms: 0,
  serviceDeaths: 0,
  optimizerDeaths: 0,
  launches: 0,
  lostLaunches: 0,
  rows: 0,
}
const parts = {
  ...(values.servers !== undefined && { servers: Number(values.servers) }),
  ...(values.allocates !== undefined && { allocates: values.allocates }),
  ...(values.asks !== undefined && { asks: values.asks }),
  ...(values.renames !== undefined && { renames: values.renames }),
}
let failures = 0
await simulateMany(
  seeds,
  ({ failure, steps, virtualMs, counts }) => {
    totals.steps += steps
    totals.virtualHours += virtualMs / 3_600_000
    for (const [key, count] of Object.entries(counts)) totals[key as keyof typeof counts] += count
    if (failure === undefined) return
    failures += 1
    process.stdout.write(`${failure}\n`)
  },
  { threads: Number(values.threads ?? 2), sqlite: values.sqlite ?? false, ...parts },
)
process.stdout.write(`${JSON.stringify({ from, seeds: seeds.length, failures, ...totals })}\n`)
process.exitCode = failures === 0 ? 0 : 1
