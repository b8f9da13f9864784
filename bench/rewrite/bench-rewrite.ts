import { mkdir, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { checkFiles, checkTable } from './check-rows.ts'
import { type BenchTable, benchTable, resetTable } from './make-table.ts'
import { type Cost, measure } from './measure.ts'
import { plainRewrite } from './plain-rewrite.ts'
import { formatRows, type Measured } from './report.ts'
import { type Workload, workloads } from './workload.ts'

const OPTIONS = {
  workload: { type: 'string', multiple: true },
  runs: { type: 'string', default: '3' },
  scale: { type: 'string', default: '1' },
  cache: { type: 'string', default: join(homedir(), '.cache', 'moraine-bench') },
  'without-duckdb': { type: 'boolean', default: false },
  'with-spark': { type: 'boolean', default: false },
} as const

const SPARK = new URL('../../interop/lab/spark.sh', import.meta.url).pathname
const SPARK_REWRITE = new URL('spark_rewrite.py', import.meta.url).pathname
/** `self-optimizing.target-size` where a table does not say otherwise. */
const TARGET_BYTES = String(128 * 1024 * 1024)
const CLI = new URL('../../apps/cli/src/main.ts', import.meta.url).pathname

/**
 * Rewrites whole tables as a user does, with `moraine table optimize --type full --threads 2`: start of the process, plan,
 * execution, verification and commit. Beside each run, in the same minute: `cp` of the same files, `cp` with fsync of the
 * copies (which is what our outputs get), and a DuckDB rewrite by two processes of one thread, which neither verifies
 * nor commits anything. On request also Iceberg's Spark action, from the start of its session to the end.
 */
export async function benchRewrite(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: OPTIONS })
  const scale = Number(values.scale)
  const cache = join(values.cache, scale === 1 ? 'full' : `scale-${values.scale}`)
  const wanted = values.workload ?? []
  const chosen = workloads(scale).filter(({ name }) => wanted.length === 0 || wanted.includes(name))
  if (chosen.length === 0) throw new Error(`there is no workload ${wanted.join(', ')}`)
  for (const workload of chosen) {
    const table = await benchTable(cache, workload)
    const runs: Measured[] = []
    for (let run = 0; run < Number(values.runs); run += 1) {
      const besides = { duckDb: !values['without-duckdb'], spark: values['with-spark'] }
      runs.push(...(await runAll(workload, table, cache, besides)))
    }
    process.stdout.write(`\n${workload.name}: ${workload.title}, ${(table.inputBytes / 1e6).toFixed(0)} MB\n`)
    process.stdout.write(formatRows(runs, table.inputBytes))
    const plan = await measure(process.execPath, ['--conditions=development', CLI, 'table', 'plan', table.location])
    process.stdout.write(
      `of which start and plan, from TypeScript sources: ${plan.cpuSeconds.toFixed(2)} CPU s, ${plan.peakRssMb.toFixed(0)} MB\n`,
    )
  }
}

async function runAll(
  workload: Workload,
  table: BenchTable,
  cache: string,
  besides: { readonly duckDb: boolean; readonly spark: boolean },
): Promise<readonly Measured[]> {
  const scratch = join(cache, 'scratch')
  const inputs = [...table.dataFiles, ...table.deleteFiles]
  const emptied = async () => {
    await rm(scratch, { recursive: true, force: true })
    await mkdir(scratch)
    // What earlier steps wrote must not go to the disk at the cost of the next one.
    await measure('sync', [])
  }
  await emptied()
  // Once unmeasured: the page cache is warm for all.
  await measure('sh', ['-c', 'cat "$@" > /dev/null', 'sh', ...inputs])
  const copies = async (system: Measured['system'], script: string): Promise<Measured> => {
    await emptied()
    const cost = await measure('sh', ['-c', script, 'sh', scratch, ...inputs])
    return { system, ...figuresOf(cost), outputBytes: table.inputBytes, outputFiles: inputs.length, isRight: true }
  }
  const measured: Measured[] = [
    await copies('cp', 'to=$1; shift; cp "$@" "$to"'),
    await copies('cp + fsync', 'to=$1; shift; cp "$@" "$to"; sync "$to"/*'),
  ]
  await emptied()
  await resetTable(table)
  const optimize = ['table', 'optimize', table.location, '--type', 'full', '--threads', '2', '--json']
  const cost = await measure(process.execPath, ['--conditions=development', CLI, ...optimize])
  measured.push({ system: 'moraine', ...figuresOf(cost), ...(await checkTable(table, workload)) })
  await resetTable(table)
  if (besides.spark) {
    await emptied()
    const spark = await measure(SPARK, ['python', SPARK_REWRITE, table.location, TARGET_BYTES])
    measured.push({ system: 'Spark', ...figuresOf(spark), ...(await checkTable(table, workload)) })
    await resetTable(table)
  }
  if (besides.duckDb) {
    await emptied()
    const plain = await plainRewrite(table, workload, scratch)
    measured.push({ system: 'DuckDB x2', ...figuresOf(plain), ...(await checkFiles(scratch, table)) })
  }
  await rm(scratch, { recursive: true, force: true })
  return measured
}

function figuresOf({ wallSeconds, cpuSeconds, peakRssMb }: Cost) {
  return { wallSeconds, cpuSeconds, peakRssMb }
}
