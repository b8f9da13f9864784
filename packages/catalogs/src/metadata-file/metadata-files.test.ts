import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import type { IcebergType } from '@moraine/iceberg/schema/type'
import { isKind } from '@moraine/stdx/error'
import { systemRandom } from '@moraine/stdx/random'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { createdMetadata } from './created-metadata.ts'
import { readMetadata, writeMetadata } from './metadata-files.ts'
import { metadataText, storableMetadataText } from './metadata-text.ts'

const quietFiles = () => ({
  io: memoryFileIO(),
  random: systemRandom,
  boundsFiles: true,
  onLeftover: assert.fail,
  cache: { find: () => undefined, add: () => {} },
})

test('what could not be read back is not written', async () => {
  const table = { schema: { schemaId: 0, fields: [], identifierFieldIds: [] }, properties: {} }
  const metadata = createdMetadata(table, 's3://b/t', { clock: virtualClock(), random: systemRandom })
  // As a table from elsewhere may have them.
  const nested = (levels: number): TableMetadata => {
    let type: IcebergType = { kind: 'long' }
    for (let level = 0; level < levels; level += 1) {
      type = { kind: 'list', elementId: level + 2, elementRequired: false, element: type }
    }
    const schema = { schemaId: 0, fields: [{ id: 1, name: 'deep', required: false, type }], identifierFieldIds: [] }
    return { ...metadata, schemas: [schema], lastColumnId: levels + 1 }
  }
  const readable = nested(100)
  const files = quietFiles()
  assert.deepEqual(await readMetadata(files, await writeMetadata(files, readable, undefined, undefined)), readable)
  const before = files.io.locations()
  const refused = (why: RegExp) => (error: unknown) => isKind(error, 'invalid-input') && why.test(error.message)
  const write = (unreadable: TableMetadata) => writeMetadata(files, unreadable, undefined, undefined)
  await assert.rejects(write(nested(252)), refused(/could not be read again: .* nested deeper than 256 levels/))
  const { length } = metadataText(metadata)
  assert.equal(storableMetadataText(metadata, { length, values: 100 }).length, length)
  assert.throws(
    () => storableMetadataText(metadata, { length: length - 1, values: 100 }),
    refused(/would have \d+ characters, more than \d+; expire/),
  )
  assert.throws(
    () => storableMetadataText(metadata, { length, values: 10 }),
    refused(/would have too many JSON values, more than 10; expire/),
  )
  assert.deepEqual(files.io.locations(), before)
})

test('metadata weighs in the cache what its text has, zipped or not', async () => {
  const properties = { 'write.metadata.compression-codec': 'gzip', filler: 'x'.repeat(10_000) }
  const table = { schema: { schemaId: 0, fields: [], identifierFieldIds: [] }, properties }
  const metadata = createdMetadata(table, 's3://b/t', { clock: virtualClock(), random: systemRandom })
  const added: number[] = []
  const files = {
    io: memoryFileIO(),
    random: systemRandom,
    boundsFiles: true,
    onLeftover: assert.fail,
    cache: { find: () => undefined, add: (_: string, __: unknown, textLength: number) => void added.push(textLength) },
  }
  const location = await writeMetadata(files, metadata, undefined, undefined)
  assert.ok((await files.io.read(location)).byteLength < 1_000)
  await readMetadata(files, location)
  const { length } = metadataText(metadata)
  assert.deepEqual(added, [length, length])
})
