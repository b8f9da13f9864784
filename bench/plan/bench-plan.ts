import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { formatTableMetadata } from '@moraine/iceberg/metadata/table-metadata-json'
import { generateTable } from './generated-table.ts'

const SIZES = [
  { files: 100_000, perManifest: 1_000, budgetSeconds: 0.5 },
  { files: 1_000_000, perManifest: 10_000, budgetSeconds: 5 },
]
const BUDGET_MB = 300

/** First plan of a big table: manifests read, deletes matched, partitions evaluated, groups cut. */
export async function benchPlan(args: readonly string[]): Promise<void> {
  const most = Number(args[0] ?? SIZES.at(-1)?.files)
  process.stdout.write('files      first s  budget  warm s  entries/s  cpu s (3 runs)  peak MB  budget  groups\n')
  for (const size of SIZES.filter(({ files }) => files <= most)) {
    const directory = await mkdtemp(join(tmpdir(), 'moraine-bench-'))
    try {
      const metadata = await generateTable(directory, size.files / size.perManifest, size.perManifest)
      const location = join(directory, 'metadata', 'v1.metadata.json')
      await writeFile(location, formatTableMetadata(metadata))
      const program = fileURLToPath(new URL('plan-once.ts', import.meta.url))
      const { stdout } = await promisify(execFile)(process.execPath, ['--conditions=development', program, location])
      process.stdout.write(row(size, JSON.parse(stdout) as Measured))
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  }
}

type Measured = {
  readonly firstMs: number
  readonly warmMs: number
  readonly cpuSeconds: number
  readonly peakRssMb: number
  readonly groups: number
}

function row(size: (typeof SIZES)[number], measured: Measured): string {
  const cells = [
    String(size.files).padEnd(9),
    (measured.firstMs / 1000).toFixed(2).padStart(8),
    String(size.budgetSeconds).padStart(7),
    (measured.warmMs / 1000).toFixed(2).padStart(7),
    String(Math.round(size.files / (measured.warmMs / 1000))).padStart(10),
    measured.cpuSeconds.toFixed(1).padStart(15),
    measured.peakRssMb.toFixed(0).padStart(8),
    String(BUDGET_MB).padStart(7),
    String(measured.groups).padStart(7),
  ]
  return `${cells.join(' ')}\n`
}
