import { describeError } from '@moraine/stdx/error'
import { DEFECTS } from './defects.ts'
import { describeDefect, findDefects } from './find-defects.ts'
import { readSimArguments, type SeedArguments } from './sim-arguments.ts'
import { simulateMany } from './simulate-many.ts'

// npm run sim -- [...]: docs/specs/simulator.md says what can be asked for.
try {
  const args = readSimArguments(process.argv.slice(2))
  const failures = args.kind === 'defects' ? await runDefects(args.threads) : await runSeeds(args)
  process.exitCode = failures === 0 ? 0 : 1
} catch (error) {
  process.stderr.write(`${describeError(error)}\n`)
  process.exitCode = 2
}

/** Prints what failed, and in the end what was run. How many seeds failed. */
async function runSeeds({ from, seeds, options }: SeedArguments): Promise<number> {
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

/** Prints the table of docs/specs/simulator.md, and what found each defect. How many were not found. */
async function runDefects(threads: number): Promise<number> {
  let missed = 0
  process.stdout.write('| defect | world | seeds | found by |\n| --- | --- | ---: | --- |\n')
  const onSearched: Parameters<typeof findDefects>[1] = ({ defect, found }) => {
    if (found === undefined) missed += 1
    process.stdout.write(`${describeDefect(defect)} ${found?.seed ?? 'NONE'} |\n`)
  }
  await findDefects(DEFECTS, onSearched, threads)
  process.stdout.write(`${DEFECTS.length - missed} of ${DEFECTS.length} defects found\n`)
  return missed
}
