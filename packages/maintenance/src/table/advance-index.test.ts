import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stageSnapshot } from '@moraine/iceberg/commit/stage-snapshot'
import { applyUpdates } from '@moraine/iceberg/metadata/apply-updates'
import { currentSnapshot } from '@moraine/iceberg/metadata/snapshot-history'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { must } from '@moraine/stdx/assert'
import type { EpochMs } from '@moraine/stdx/brand'
import { systemClock } from '@moraine/stdx/clock'
import { isKind } from '@moraine/stdx/error'
import { seededRandom } from '@moraine/stdx/random'
import type { FileIO } from '@moraine/storage/file-io'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import { type FileId, type FileIndex, fileId, indexBytes } from '../plan/file-index.ts'
import { advanceIndex, EMPTY_INDEX } from './advance-index.ts'
import { NotedFiles } from './noted-files.ts'
import { describeFiles } from './read-rows.ts'
import { changeOf, emptyTable, type HistoryStep } from './testing/random-history.ts'

const data = (p: number): HistoryStep => ({ kind: 'data', p, size: 1000, low: 0, nulls: false })
const equality = (p: number): HistoryStep => ({ kind: 'equality', p, low: 0, hasBounds: false })

function history() {
  const io = memoryFileIO()
  const reads: string[] = []
  const random = seededRandom(3)
  const reading: FileIO = {
    ...io,
    read(location, signal) {
      reads.push(location)
      return io.read(location, signal)
    },
  }
  let metadata = emptyTable(2)
  let commits = 0
  const commit = async (...steps: readonly HistoryStep[]): Promise<TableMetadata> => {
    commits += 1
    const change = changeOf({ steps, merges: false }, { data: [], deletes: [] }, 2, `c${commits}`)
    const context = { io, clock: systemClock, random, attempt: 1 }
    const staged = await stageSnapshot(metadata, { operation: 'append', ...change, summary: {} }, context)
    metadata = applyUpdates(metadata, staged.updates, { now: (metadata.lastUpdatedMs + 1) as EpochMs })
    return metadata
  }
  const advance = async (index: FileIndex, bytesMax?: number) => {
    reads.length = 0
    const noted = new NotedFiles(Number.MAX_SAFE_INTEGER)
    const advanced = await advanceIndex(reading, metadata, must(currentSnapshot(metadata), 'snapshot'), {
      known: index,
      noted: noted,
      boundsFiles: false,
      ...(bytesMax !== undefined && { bytesMax }),
    })
    return { index: advanced, noted, manifestsRead: reads.filter((location) => !location.includes('/snap-')).length }
  }
  const describe = async (index: FileIndex, ids: readonly FileId[], noted: NotedFiles) => {
    reads.length = 0
    const descriptions = await describeFiles(reading, metadata, index, ids, noted)
    return { paths: descriptions.map(({ filePath }) => filePath), manifestsRead: reads.length }
  }
  return { commit, advance, describe, reads }
}

test('only manifests that are not known are read, and of the others those that new deletes reach', async () => {
  const { commit, advance } = history()
  await commit(data(0), data(0))
  await commit(data(1))
  const first = await advance(EMPTY_INDEX)
  assert.equal(first.manifestsRead, 2)
  assert.equal((await advance(first.index)).manifestsRead, 0)
  await commit(data(2))
  const second = await advance(first.index)
  assert.equal(second.manifestsRead, 1)
  assert.equal(
    second.index.segments.find(({ key }) => key === first.index.segments[0]?.key),
    first.index.segments[0],
  )
  await commit(equality(1))
  const third = await advance(second.index)
  assert.equal(third.manifestsRead, 2) // the delete manifest, and the one with the file of partition 1
  assert.equal(third.index.segments.filter(({ deletes }) => deletes !== undefined).length, 1)
})

test('files of manifests that were just read are described without reading them again', async () => {
  const { commit, advance, describe } = history()
  await commit(data(0))
  const first = await advance(EMPTY_INDEX)
  await commit(data(1), data(1))
  const second = await advance(first.index)
  const ids = second.index.segments.flatMap(({ files }, at) =>
    Array.from({ length: files.length }, (_, row) => fileId(at, row)),
  )
  const described = await describe(second.index, ids, second.noted)
  assert.equal(described.manifestsRead, 1)
  assert.equal(new Set(described.paths).size, 3)
  const { paths, manifestsRead } = await describe(second.index, ids, new NotedFiles(0))
  assert.deepEqual([paths, manifestsRead], [described.paths, 2])
})

test('an index takes less than 64 bytes a file', async () => {
  const { commit, advance } = history()
  const files = 2000
  await commit(...Array.from({ length: files }, (_, at) => data(at % 3)))
  const { index } = await advance(EMPTY_INDEX)
  assert.ok(indexBytes(index) < 64 * files, `${indexBytes(index)} bytes for ${files} files`)
})

test('an index that would take more memory than it may is refused before a manifest is read', async () => {
  const { commit, advance, reads } = history()
  await commit(data(1), data(2), equality(1))
  assert.equal((await advance(EMPTY_INDEX, 1100)).manifestsRead, 2)
  await assert.rejects(advance(EMPTY_INDEX, 1099), (error) => isKind(error, 'exhausted'))
  assert.ok(reads.every((location) => location.includes('/snap-')))
})
