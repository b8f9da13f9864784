import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stageSnapshot } from '@moraine/iceberg/commit/stage-snapshot'
import type { ContentFile } from '@moraine/iceberg/manifest/content-file'
import { applyUpdates } from '@moraine/iceberg/metadata/apply-updates'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { must } from '@moraine/stdx/assert'
import type { EpochMs } from '@moraine/stdx/brand'
import { systemClock } from '@moraine/stdx/clock'
import { seededRandom } from '@moraine/stdx/random'
import type { FileIO } from '@moraine/storage/file-io'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import type { FileIndex } from '../plan/file-index.ts'
import { EMPTY_INDEX } from './advance-index.ts'
import { planTable } from './plan-table.ts'
import { readTableFrom } from './read-table.ts'
import { changeOf, emptyTable, type HistoryStep } from './testing/random-history.ts'

const small = (p: number): HistoryStep => ({ kind: 'data', p, size: 1000, low: 0, nulls: false })
const equality = (p: number): HistoryStep => ({ kind: 'equality', p, low: 0, hasBounds: false })

/** A table at `/t`, and a look at it that goes on from the one before. */
function lab() {
  const io = memoryFileIO()
  const reads: string[] = []
  const reading: FileIO = {
    ...io,
    read(location, signal) {
      reads.push(location)
      return io.read(location, signal)
    },
  }
  const random = seededRandom(3)
  let metadata: TableMetadata = { ...emptyTable(2), location: '/t' }
  let known: FileIndex = EMPTY_INDEX
  let commits = 0
  return {
    async commit(folder: string, ...steps: readonly HistoryStep[]): Promise<void> {
      commits += 1
      const { added } = changeOf({ steps, merges: false }, { data: [], deletes: [] }, 2, `c${commits}`)
      const moved = added.map(({ file, ...rest }) => ({ ...rest, file: placed(file, folder) }))
      const change = { operation: 'append', added: moved, removed: [], summary: {} } as const
      const staged = await stageSnapshot(metadata, change, { io, clock: systemClock, random, attempt: 1 })
      metadata = applyUpdates(metadata, staged.updates, { now: (metadata.lastUpdatedMs + 1) as EpochMs })
    },
    move(location: string): void {
      metadata = { ...metadata, location }
    },
    async plan(boundsFiles: boolean) {
      reads.length = 0
      const state = await readTableFrom(
        reading,
        { identifier: ID, metadata, metadataLocation: '' },
        { known, boundsFiles },
      )
      const manifestsRead = reads.filter((location) => !location.includes('/snap-')).length
      known = state.index
      const { groups, skipped } = must(await planTable(io, state, { type: 'full', now: NOW }), 'plan')
      const inputs = groups.flatMap((group) => group.inputs.map(({ filePath }) => filePath)).sort()
      const left = skipped.filter(({ reason }) => reason === 'foreign').map(({ detail }) => detail)
      return { inputs, left, manifestsRead }
    },
  }
}

const ID = { namespace: ['db'], name: 't' }
const NOW = 10_000_000 as EpochMs

function placed(file: ContentFile, folder: string): ContentFile {
  return { ...file, filePath: file.filePath.replace('/t/data', folder) }
}

test('data files of others are left alone and named, those beside them are worked on', async () => {
  const { commit, plan } = lab()
  await commit('/t/data', small(0), small(0))
  await commit('file:///t/imported', small(0))
  await commit('/victim/data', small(0), small(1), small(1))
  await commit('/t/../victim', small(0))
  await commit('/t2/data', small(0))
  const bounded = await plan(true)
  assert.deepEqual(bounded.inputs, ['/t/data/c1-0.parquet', '/t/data/c1-1.parquet', 'file:///t/imported/c2-0.parquet'])
  assert.equal(bounded.left.length, 2, 'both partitions say so')
  assert.match(bounded.left.join('\n'), /^3 files left alone: .*\n.*such as \/victim\/data\/c3-\d\.parquet: copy/)
  assert.equal((await plan(false)).inputs.length, 8)
})

test('what delete files of others apply to is left alone, and they stay', async () => {
  const { commit, plan } = lab()
  await commit('/t/data', small(0), small(0), small(1), small(1))
  await commit('/victim/data', equality(0))
  const { inputs, left } = await plan(true)
  assert.deepEqual(inputs, ['/t/data/c1-2.parquet', '/t/data/c1-3.parquet'])
  assert.match(left.join(), /delete files outside .* such as \/victim\/data\/c2-0-equality\.parquet: copy their rows/)
})

test('only new manifests are looked at, and all of them when the table moves', async () => {
  const { commit, plan, move } = lab()
  await commit('/t/data', small(0), small(0))
  await commit('/u/data', small(0), small(0))
  assert.deepEqual([(await plan(true)).manifestsRead, (await plan(true)).manifestsRead], [2, 0])
  await commit('/t/data', equality(0))
  await commit('/t/data', small(1))
  const third = await plan(true)
  assert.deepEqual([third.inputs.length, third.left.length, third.manifestsRead], [2, 1, 4])
  move('/u')
  const moved = await plan(true)
  assert.deepEqual([moved.inputs, moved.left.length], [[], 2], 'the deletes are elsewhere now')
})
