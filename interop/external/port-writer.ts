import assert from 'node:assert/strict'
import type { Catalog } from '@moraine/catalogs/catalog'
import type { TableIdentifier } from '@moraine/catalogs/table-identifier'
import { stageSnapshot } from '@moraine/iceberg/commit/stage-snapshot'
import { type ContentFile, EMPTY_METRICS } from '@moraine/iceberg/manifest/content-file'
import { currentSnapshot } from '@moraine/iceberg/metadata/snapshot-history'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { readLiveFiles } from '@moraine/iceberg/scan/read-manifests'
import type { Schema } from '@moraine/iceberg/schema/schema'
import { systemClock } from '@moraine/stdx/clock'
import { systemRandom } from '@moraine/stdx/random'
import type { FileIO } from '@moraine/storage/file-io'
import type { LedgeredWriter } from '../optimize/ledgered-writer.ts'
import { deletesOfFirstRows, longColumn, parquetBytes, textColumn } from '../storage/parquet-bytes.ts'

const SCHEMA: Schema = {
  schemaId: 0,
  fields: [
    { id: 1, name: 'id', required: true, type: { kind: 'long' } },
    { id: 2, name: 'v', required: true, type: { kind: 'string' } },
  ],
  identifierFieldIds: [],
}
/** It is optimized when that is asked for, and rests then: what lies there can be looked at. */
const PROPERTIES = { 'self-optimizing.min-plan-interval': '0', 'self-optimizing.minor.trigger.file-count': '1000' }
const APPENDED = 20
const DELETED = 3

type Written = { readonly filePath: string; readonly ids: readonly number[] }

/**
 * Creates a table and commits to it through the catalog's port, from this process: appends, and position deletes of rows of the
 * file that was appended last, unless that has been rewritten since. What a refused commit had written is removed again.
 */
export async function portWriter(catalog: Catalog, io: FileIO, identifier: TableIdentifier): Promise<LedgeredWriter> {
  await catalog.createTable(identifier, {
    schema: SCHEMA,
    properties: PROPERTIES,
  })
  let ids: readonly number[] = []
  let [next, steps, conflicts] = [0, 0, 0]
  let last: Written | undefined
  const states: (readonly string[])[] = [[]]

  const prepare = async (metadata: TableMetadata) => {
    steps += 1
    const path = `${metadata.location}/data/step-${steps}.parquet`
    if (steps % 3 === 0 && last !== undefined && (await isLive(io, metadata, last.filePath))) {
      const file = { ...contentFile(path, DELETED), content: 'position-deletes', referencedDataFile: last.filePath }
      const gone = new Set(last.ids.slice(0, DELETED))
      const after = { ids: ids.filter((id) => !gone.has(id)), last: undefined }
      return { file: file as ContentFile, bytes: deletesOfFirstRows(last.filePath, DELETED), after }
    }
    const fresh = Array.from({ length: APPENDED }, (_, at) => next + at)
    next += APPENDED // also where it is refused: no row of that may ever be seen
    const after = { ids: [...ids, ...fresh], last: { filePath: path, ids: fresh } }
    return { file: { ...contentFile(path, APPENDED), content: 'data' } as ContentFile, bytes: rowsOf(fresh), after }
  }

  return {
    states,
    snapshotsPerCommit: 'one',
    conflicts: () => conflicts,
    async step(signal) {
      const { metadata } = await catalog.loadTable(identifier, signal)
      const { file, bytes, after } = await prepare(metadata)
      await io.write(file.filePath, bytes)
      const operation = file.content === 'data' ? 'append' : 'delete'
      const added = [{ file: { ...file, fileSizeBytes: bytes.length } }]
      const stage = { io, clock: systemClock, random: systemRandom, attempt: 1 }
      const staged = await stageSnapshot(metadata, { operation, added, removed: [], summary: {} }, stage)
      const { kind } = await catalog.commitTable(identifier, staged, signal)
      if (kind === 'conflict') {
        conflicts += 1
        await io.remove([file.filePath, ...staged.writtenFiles])
        return kind
      }
      assert.equal(kind, 'committed')
      ids = after.ids
      last = after.last
      states.push(ids.map(textOf).sort())
      return kind
    },
  }
}

async function isLive(io: FileIO, metadata: TableMetadata, filePath: string): Promise<boolean> {
  const snapshot = currentSnapshot(metadata)
  if (snapshot === undefined) return false
  return (await readLiveFiles(io, metadata, snapshot)).data.some(({ file }) => file.filePath === filePath)
}

function contentFile(filePath: string, recordCount: number) {
  const common = { fileFormat: 'parquet', specId: 0, partition: [], metrics: () => EMPTY_METRICS } as const
  return { ...common, filePath, recordCount, fileSizeBytes: 0 }
}

function rowsOf(ids: readonly number[]): Uint8Array {
  return parquetBytes([
    [longColumn('id', 1), ids.map(BigInt)],
    [textColumn('v', 2), ids.map((id) => `value ${id}`)],
  ])
}

function textOf(id: number): string {
  return `{"id":${id},"v":"value ${id}"}`
}
