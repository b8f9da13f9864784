import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { formatTableMetadata } from '@moraine/iceberg/metadata/table-metadata-json'
import { appendFiles, generateTable } from './generated-table.ts'

const SIZES = [
  { files: 100_000, perManifest: 1_000, budgetSeconds: 0.5 },
  { files: 1_000_000, perManifest: 10_000, budgetSeconds: 5 },
]
const BUDGET_MB = 300
const COMMITTED_FILES = 10
const EVALUATION_BUDGET_MS = 50
const BYTES_A_FILE_BUDGET = 64

/**
 * First plan of a big table: manifests read, deletes matched, partitions evaluated, groups cut. Then, of the same table
 * after a small commit: its index advanced and all partitions evaluated.
 */
export async function benchPlan(args: readonly string[]): Promise<void> {
  const most = Number(args[0] ?? SIZES.at(-1)?.files)
  const results: [(typeof SIZES)[number], Measured][] = []
  for (const size of SIZES.filter(({ files }) => files <= most)) results.push([size, await measure(size)])
  process.stdout.write('plan       first s  cpu s  budget  warm s  cpu s  files/cpu s  peak MB  all  budget  groups\n')
  for (const [size, measured] of results) process.stdout.write(planRow(size, measured))
  process.stdout.write(`\nevaluate after ${COMMITTED_FILES} more files\n`)
  process.stdout.write('files     first ms     ms  cpu ms  budget  bytes a file  budget\n')
  for (const [size, measured] of results) process.stdout.write(evaluationRow(size, measured))
}

type Cost = { readonly ms: number; readonly cpuMs: number }

type Measured = {
  readonly first: Cost
  readonly firstPeakMb: number
  readonly warm: Cost
  readonly firstEvaluation: Cost
  readonly evaluation: Cost
  readonly peakMb: number
  readonly indexBytes: number
  readonly groups: number
}

async function measure(size: (typeof SIZES)[number]): Promise<Measured> {
  const directory = await mkdtemp(join(tmpdir(), 'moraine-bench-'))
  try {
    const metadata = await generateTable(directory, size.files / size.perManifest, size.perManifest)
    const location = join(directory, 'metadata', 'v1.metadata.json')
    await writeFile(location, formatTableMetadata(metadata))
    const nextLocation = join(directory, 'metadata', 'v2.metadata.json')
    await writeFile(nextLocation, formatTableMetadata(await appendFiles(directory, metadata, COMMITTED_FILES)))
    const program = fileURLToPath(new URL('plan-once.ts', import.meta.url))
    const run = promisify(execFile)
    const { stdout } = await run(process.execPath, ['--conditions=development', program, location, nextLocation])
    return JSON.parse(stdout) as Measured
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

function planRow(size: (typeof SIZES)[number], { first, warm, ...measured }: Measured): string {
  const seconds = (ms: number) => (ms / 1000).toFixed(2)
  return cells([
    [-9, size.files],
    [9, seconds(first.ms)],
    [7, seconds(first.cpuMs)],
    [8, size.budgetSeconds],
    [8, seconds(warm.ms)],
    [7, seconds(warm.cpuMs)],
    [13, Math.round(size.files / (warm.cpuMs / 1000))],
    [9, measured.firstPeakMb.toFixed(0)],
    [5, measured.peakMb.toFixed(0)],
    [8, BUDGET_MB],
    [8, measured.groups],
  ])
}

function evaluationRow(size: (typeof SIZES)[number], { firstEvaluation, evaluation, indexBytes }: Measured): string {
  return cells([
    [-9, size.files],
    [9, firstEvaluation.ms.toFixed(0)],
    [7, evaluation.ms.toFixed(0)],
    [8, evaluation.cpuMs.toFixed(0)],
    [8, EVALUATION_BUDGET_MS],
    [14, (indexBytes / size.files).toFixed(1)],
    [8, BYTES_A_FILE_BUDGET],
  ])
}

/** Each value in its width, to the left if that is negative. */
function cells(values: readonly (readonly [width: number, value: string | number])[]): string {
  return `${values.map(([width, value]) => (width < 0 ? String(value).padEnd(-width) : String(value).padStart(width))).join('')}\n`
}
