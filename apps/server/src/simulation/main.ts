import { describeError } from '@moraine/stdx/error'
import { readSimArguments, type SimArguments } from './sim-arguments.ts'
import { simulateMany } from './simulate-many.ts'

// npm run sim -- [...]: docs/specs/simulator.md says what can be asked for.
try {
  process.exitCode = (await runSeeds(readSimArguments(process.argv.slice(2)))) === 0 ? 0 : 1
} catch (error) {
  process.stderr.write(`${describeError(error)}\n`)
  process.exitCode = 2
}

/** Prints what failed, and in the end what was run. How many seeds failed. */
async function runSeeds({ from, seeds, options }: SimArguments): Promise<number> {
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
  let run = 0
  let failures = 0
  try {
    await simulateMany(
      seeds,
      ({ failure, steps, virtualMs, counts }) => {
        run += 1
        totals.steps += steps
        totals.virtualHours += virtualMs / 3_600_000
        for (const [key, count] of Object.entries(counts)) totals[key as keyof typeof counts] += count
        if (failure === undefined) return
        failures += 1
        process.stdout.write(`${failure}\n`)
      },
      options,
    )
  } finally {
    process.stdout.write(`${JSON.stringify({ from, seeds: run, failures, ...totals })}\n`)
  }
  return failures
}
