import { readFile } from 'node:fs/promises'
import { performance } from 'node:perf_hooks'
import { parseTableMetadata } from '@moraine/iceberg/metadata/table-metadata-json'
import { indexBytes } from '@moraine/maintenance/plan/file-index'
import { inspectTable, planTable } from '@moraine/maintenance/table/plan-table'
import { type IndexedTable, readTable, readTableFrom } from '@moraine/maintenance/table/read-table'
import { systemClock } from '@moraine/stdx/clock'
import { systemRandom } from '@moraine/stdx/random'
import { localFileIO } from '@moraine/storage/local-file-io'

// Plannings in a process of its own, so that their memory is its own: prints one line of JSON.
const [location = '', nextLocation = ''] = process.argv.slice(2)
const io = localFileIO(systemRandom)
const identifier = { namespace: [], name: 't' }
const load = async (metadataLocation: string) => {
  const metadata = parseTableMetadata(await readFile(metadataLocation), metadataLocation)
  return { identifier, metadata, metadataLocation }
}
const timed = async (work: () => Promise<void>) => {
  const cpuBefore = process.cpuUsage()
  const startedAt = performance.now()
  await work()
  const { user, system } = process.cpuUsage(cpuBefore)
  return { ms: performance.now() - startedAt, cpuMs: (user + system) / 1000 }
}

let state: IndexedTable | undefined
let groups = 0
const plan = async () => {
  state = undefined
  const read = await readTable(io, await load(location))
  const made = await planTable(io, read, { type: 'auto', now: systemClock.now(), maxCostBytes: 10 * 1024 ** 3 })
  groups = made?.groups.length ?? 0
  state = read
}
const first = await timed(plan)
const firstPeakMb = peakMb()
const warm = [await timed(plan), await timed(plan)].sort((a, b) => a.ms - b.ms)[0]

const known = state?.index
const evaluate = async () => {
  if (known === undefined) return
  inspectTable(await readTableFrom(io, await load(nextLocation), { known, boundsFiles: false }), {
    now: systemClock.now(),
  })
}
const firstEvaluation = await timed(evaluate)
const evaluations = [await timed(evaluate), await timed(evaluate), await timed(evaluate)].sort((a, b) => a.ms - b.ms)
const measured = {
  first,
  firstPeakMb,
  warm,
  firstEvaluation,
  evaluation: evaluations[1],
  peakMb: peakMb(),
  indexBytes: known === undefined ? 0 : indexBytes(known),
  groups,
}
process.stdout.write(`${JSON.stringify(measured)}\n`)

function peakMb(): number {
  return process.resourceUsage().maxRSS / 1024
}
