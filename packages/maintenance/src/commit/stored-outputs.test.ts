import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EMPTY_METRICS } from '@moraine/iceberg/manifest/content-file'
import { encodeDeletionVector } from '@moraine/iceberg/puffin/deletion-vector'
import { deletionVectorBlob, writePuffin } from '@moraine/iceberg/puffin/puffin-writer'
import { must } from '@moraine/stdx/assert'
import { MoraineError } from '@moraine/stdx/error'
import type { FileIO } from '@moraine/storage/file-io'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import type { OutputDeleteFile, RewriteResult } from '../plan/rewrite-result.ts'
import { StoredOutputs } from './stored-outputs.ts'
import { parquetOfRows } from './testing/reported-rewrite.ts'

const PUFFIN = '/t/v.puffin'
const DELETES = '/t/deletes.parquet'

/** Position deletes of one file and vectors of two in one Puffin file, as their writer reports them. */
async function setUp() {
  const io = memoryFileIO()
  const figures = { metrics: EMPTY_METRICS }
  const positions = parquetOfRows(3)
  await io.write(DELETES, positions)
  const targets = ['/t/b.parquet', '/t/c.parquet']
  const blobs = targets.map((referencedDataFile, at) => {
    const vector = encodeDeletionVector(Float64Array.from({ length: at + 1 }, (_, position) => position))
    return deletionVectorBlob(vector, { referencedDataFile, cardinality: at + 1 })
  })
  const puffin = writePuffin(blobs, {})
  await io.write(PUFFIN, puffin.bytes)
  const vectors = targets.map((referencedDataFile, at): OutputDeleteFile => {
    const { offset, length } = must(puffin.blobs[at], 'a blob')
    const place = { filePath: PUFFIN, fileSizeBytes: puffin.bytes.length, contentOffset: offset }
    return {
      ...figures,
      ...place,
      ...{ fileFormat: 'puffin', recordCount: at + 1, referencedDataFile, contentSizeBytes: length },
    }
  })
  const deletes: OutputDeleteFile = {
    ...{ ...figures, filePath: DELETES, fileFormat: 'parquet', recordCount: 3, fileSizeBytes: positions.length },
    referencedDataFile: '/t/a.parquet',
  }
  const calls: string[] = []
  const counted: FileIO = {
    ...io,
    stat: (location, signal) => {
      calls.push(`stat ${location}`)
      return io.stat(location, signal)
    },
    readRange: (location, ...range) => {
      calls.push(`read ${location}`)
      return io.readRange(location, ...range)
    },
  }
  return { io: counted, calls, deletes, vectors: vectors as [OutputDeleteFile, OutputDeleteFile] }
}

const reported = (...deleteFiles: readonly OutputDeleteFile[]): RewriteResult => ({
  ...{ resultVersion: 1, groupId: 1, method: { kind: 'convert-deletes', reason: '' }, dataFiles: [], deleteFiles },
  evidence: { kind: 'deleted-positions', files: [] },
  cost: { elapsedMs: 1, cpuMs: 1, peakRssBytes: 1, inputBytes: 1, outputBytes: 1 },
})

const faultOf = async (io: FileIO, ...deleteFiles: readonly OutputDeleteFile[]) =>
  (await new StoredOutputs(io).findFaults([reported(...deleteFiles)])).get(1)?.reason ?? 'none'

test('what is as reported has no fault; each footer is read once, however often it is looked at', async () => {
  const { io, calls, deletes, vectors } = await setUp()
  const stored = new StoredOutputs(io)
  for (let look = 0; look < 3; look += 1) {
    assert.equal((await stored.findFaults([reported(deletes, ...vectors)])).size, 0)
  }
  assert.deepEqual(calls.filter((call) => call.startsWith('read')).sort(), [`read ${DELETES}`, `read ${PUFFIN}`])
  assert.equal(calls.filter((call) => call.startsWith('stat')).length, 6)
})

test('deletes that lie about themselves are found out by their own files', async () => {
  const { io, deletes, vectors } = await setUp()
  const [first, second] = vectors
  assert.match(await faultOf(io, { ...deletes, recordCount: 4 }), /holds 3 rows, reported were 4/)
  assert.match(await faultOf(io, first, { ...second, recordCount: 1 }), /a vector of 2 positions, reported were 1/)
  const other = { ...second, referencedDataFile: '/t/d.parquet' }
  assert.match(await faultOf(io, first, other), /a vector of \/t\/c.parquet, reported was one of \/t\/d.parquet/)
  const { contentOffset: _, ...nowhere } = second
  for (const moved of [{ ...second, contentSizeBytes: 1 }, { ...second, contentOffset: 5 }, nowhere]) {
    assert.match(await faultOf(io, first, moved), /has no vector at/)
  }
  assert.match(await faultOf(io, first, { ...second, fileSizeBytes: 1 }), /bytes, not 1/)
  assert.match(await faultOf(io, { ...deletes, filePath: '/t/gone.parquet' }), /gone.parquet is not there/)
})

test('a damaged file is refused; a store that does not answer refuses nothing', async () => {
  const { io, deletes, vectors } = await setUp()
  for (const { filePath, fileSizeBytes } of [deletes, vectors[0]]) {
    await io.write(filePath, (await io.read(filePath)).fill(7, fileSizeBytes - 20))
  }
  assert.match(await faultOf(io, deletes), /cannot be read: .*does not end in PAR1/)
  assert.match(await faultOf(io, ...vectors), /cannot be read: .*no Puffin file/)
  const silent: FileIO = { ...io, readRange: () => Promise.reject(new MoraineError('unavailable', 'busy')) }
  await assert.rejects(faultOf(silent, deletes), /busy/)
})
