import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

// Runs tests of whole processes as `node --test` does, and asks again before it takes a failure for one:
//   node scripts/node.mjs scripts/confirm-failures.ts --conditions=development --test "apps/**/*.process-test.ts"
// Engines, databases and killed processes keep no time that a test could rely on. So a file that failed is run twice more,
// with nothing beside it: it has failed unless both pass, and what passed only then is said at the end, for it is to be
// mended. With CONFIRM_FAILURES=0, as in a proof for a release, the first run counts.

/** Where more files than this fail, it is not for want of rest. */
const MOST_FILES = 4
const RUNS_ALONE = 2

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
/** The exit code of a run that was told to stop: what failed in it is not run again. */
const STOPPED = 130

const home = mkdtempSync(join(tmpdir(), 'moraine-tests-'))
process.on('exit', () => rmSync(home, { recursive: true, force: true }))
const args = process.argv.slice(2)
const options = args.filter((arg) => arg.startsWith('--') && !arg.startsWith('--test-concurrency'))

const first = await run(args)
if (first.status === 0) process.exit(0)
if (process.env['CONFIRM_FAILURES'] === '0' || first.failed.length === 0 || first.failed.length > MOST_FILES) {
  process.exit(first.status)
}
for (let round = 1; round <= RUNS_ALONE; round++) {
  process.stdout.write(`Run alone, ${round} of ${RUNS_ALONE}:\n${listed(first.failed)}`)
  const again = await run([...options, '--test-concurrency=1', ...first.failed])
  if (again.status !== 0) process.exit(again.status)
}
process.stdout.write(`Failed beside others and passed alone, to be mended:\n${listed(first.failed)}`)
const list = process.env['UNSTEADY_TESTS_LIST']
if (list !== undefined) appendFileSync(list, listed(first.failed))

async function run(these: readonly string[]): Promise<{ readonly status: number; readonly failed: readonly string[] }> {
  const failed = join(home, 'failed')
  const reporter = fileURLToPath(new URL('failed-files-reporter.ts', import.meta.url))
  const reporters = [`--test-reporter=${reporter}`, `--test-reporter-destination=${failed}`]
  if (!these.some((arg) => arg.startsWith('--test-reporter='))) {
    reporters.push('--test-reporter=spec', '--test-reporter-destination=stdout')
  }
  const runner = spawn(process.execPath, [...reporters, ...these], { stdio: 'inherit' })
  let stopped = false
  const pass = (signal: NodeJS.Signals): void => {
    stopped = true
    runner.kill(signal)
  }
  for (const signal of SIGNALS) process.on(signal, pass)
  const [status] = (await once(runner, 'exit')) as [number | null]
  for (const signal of SIGNALS) process.off(signal, pass)
  if (stopped || status === null) process.exit(STOPPED)
  return { status, failed: readFileSync(failed, 'utf8').split('\n').filter(Boolean) }
}

function listed(files: readonly string[]): string {
  return files.map((file) => `  ${file}\n`).join('')
}
