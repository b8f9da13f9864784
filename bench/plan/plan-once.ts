import { readFile } from 'node:fs/promises'
import { performance } from 'node:perf_hooks'
import { parseTableMetadata } from '@moraine/iceberg/metadata/table-metadata-json'
import { planTable } from '@moraine/maintenance/table/plan-table'
import { readTable } from '@moraine/maintenance/table/read-table'
import { systemClock } from '@moraine/stdx/clock'
import { systemRandom } from '@moraine/stdx/random'
import { localFileIO } from '@moraine/storage/local-file-io'

// One planning in a process of its own, so that its memory is its own: prints one line of JSON.
const [location = ''] = process.argv.slice(2)
const metadata = parseTableMetadata(await readFile(location), location)
const io = localFileIO(systemRandom)
const runs: number[] = []
let groups = 0
for (let run = 0; run < 3; run += 1) {
  const startedAt = performance.now()
  const state = await readTable(io, { identifier: { namespace: [], name: 't' }, metadata, metadataLocation: location })
  const plan = await planTable(io, state, { type: 'auto', now: systemClock.now(), maxCostBytes: 10 * 1024 ** 3 })
  groups = plan?.groups.length ?? 0
  runs.push(performance.now() - startedAt)
}
const { user, system } = process.cpuUsage()
const peakRssMb = process.resourceUsage().maxRSS / 1024
process.stdout.write(
  `${JSON.stringify({ firstMs: runs[0], warmMs: Math.min(...runs.slice(1)), cpuSeconds: (user + system) / 1e6, peakRssMb, groups })}\n`,
)
