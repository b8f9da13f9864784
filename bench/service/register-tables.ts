import { EXTERNAL_LOCATIONS } from '@moraine/catalogs/internal/location-rules'
import type { InternalPointer } from '@moraine/catalogs/internal/table-pointers'
import { parseTableMetadata } from '@moraine/iceberg/metadata/table-metadata-json'
import { readTable } from '@moraine/maintenance/table/read-table'
import { DEFAULT_GROUP } from '@moraine/management/records/table-settings'
import { patchTable } from '@moraine/management/store/state-change'
import type { Stores } from '@moraine/management/store/stores'
import { evaluationOf } from '@moraine/server/table-work/table-findings'
import { mapBounded } from '@moraine/stdx/bounded'
import { systemClock } from '@moraine/stdx/clock'
import { systemRandom } from '@moraine/stdx/random'
import { localFileIO } from '@moraine/storage/local-file-io'
import { type GeneratedLake, tableName } from './generated-lake.ts'

const BATCH = 1000
const FILES_AT_ONCE = 16

/**
 * Registers `count` tables as they are after they were looked at once: their pointers in the service's own catalog, their
 * rows with an evaluation. Everything goes through the stores, in batches.
 */
export async function registerTables(stores: Stores, lake: GeneratedLake, count: number): Promise<void> {
  await stores.catalogs.addCatalog({
    name: 'lake',
    type: 'ams',
    properties: { warehouse: lake.warehouse, 'table-formats': 'ICEBERG', [EXTERNAL_LOCATIONS]: 'true' },
  })
  await stores.groups.saveGroup({ name: DEFAULT_GROUP, container: 'external', properties: {} })
  await stores.pointers.addNamespace('lake', tableName(0).namespace, {})
  const evaluation = await firstEvaluation(lake)
  for (let from = 0; from < count; from += BATCH) {
    const numbers = Array.from({ length: Math.min(BATCH, count - from) }, (_, at) => from + at)
    const pointers = await mapBounded(numbers, FILES_AT_ONCE, async (at): Promise<InternalPointer> => {
      const name = tableName(at)
      return { kind: 'table', ...name, metadataLocation: await lake.writeVersion(name.name, 0, 'quiet') }
    })
    const made = await stores.pointers.changePointers(pointers.map((after) => ({ after })))
    if (made !== 'made') throw new Error(`tables ${from} and on could not be put into the catalog: ${made}`)
    const tables = await Promise.all(
      numbers.map((at) => stores.tables.addTable({ name: tableName(at), format: 'ICEBERG', createdAt: NOW })),
    )
    const patches = tables.map((table, at) => {
      const metadataLocation = pointers[at]?.metadataLocation ?? ''
      return patchTable(table, { evaluation: { ...evaluation, metadataLocation }, evaluatedAt: NOW })
    })
    const { kind } = await stores.state.apply(patches)
    if (kind !== 'applied') throw new Error(`the evaluations of tables ${from} and on were not written: ${kind}`)
  }
}

const NOW = systemClock.now()

/** What the service itself finds in such a table. */
async function firstEvaluation(lake: GeneratedLake) {
  const io = localFileIO(systemRandom)
  const table = tableName(0)
  const metadataLocation = await lake.writeVersion(table.name, 0, 'quiet')
  const metadata = parseTableMetadata(Buffer.from(await io.read(metadataLocation)), metadataLocation)
  const state = await readTable(io, { identifier: table, metadata, metadataLocation })
  const evaluation = evaluationOf(state, { clocks: new Map(), now: NOW })
  if (evaluation.needed !== undefined) throw new Error(`a quiet table needs work: ${evaluation.finding.text}`)
  return evaluation
}
