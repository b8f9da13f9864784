import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type ParquetFooter, readFooter } from '@moraine/parquet/footer/parquet-footer'
import { bytesReader } from '@moraine/parquet/testing/bytes-reader'
import { must } from '@moraine/stdx/assert'
import { isKind } from '@moraine/stdx/error'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { PageChecksums } from './page-checksums.ts'

// Files that Spark wrote, whose pages have checksums.
const tables = fileURLToPath(new URL('../../../testkit/fixtures/tables/', import.meta.url))
const files = readdirSync(tables, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.parquet'))
  .map((name) => readFileSync(tables + name))

async function check(bytes: Uint8Array, step: number, footer?: ParquetFooter): Promise<void> {
  const checksums = new PageChecksums(footer ?? (await readFooter(bytesReader(bytes), 'f.parquet')))
  for (let at = 0; at < bytes.length; at += step) checksums.push(bytes.subarray(at, at + step))
}

test('undamaged files pass, however their bytes are cut', async () => {
  assert.ok(files.length > 10)
  for (const file of files) {
    for (const step of [1, 7, 64, file.length]) await check(file, step)
  }
})

test('every flipped bit in a page is found', async () => {
  for (const file of files.slice(0, 5)) {
    const footer = await readFooter(bytesReader(file), 'f.parquet')
    let found = 0
    for (let at = 4; at < footer.file.metadataOffset; at += 1) {
      const damaged = Uint8Array.from(file)
      damaged[at] = (damaged[at] ?? 0) ^ (1 << (at % 8))
      const error = await check(damaged, 32, footer).catch((reason: unknown) => reason)
      if (error === undefined) continue
      assert.ok(isKind(error, 'corrupt') && /f\.parquet is damaged/.test(error.message), String(error))
      found += 1
    }
    // What is not found lies in headers, in fields that are not needed here, or between the chunks.
    assert.ok(found > (footer.file.metadataOffset - 4) / 3, `${found} of ${footer.file.metadataOffset}`)
  }
})

test('pages without checksums pass', async () => {
  const file = new Uint8Array(parquetWriteBuffer({ columnData: [{ name: 'x', data: [1, 2, 3] }] }))
  const damaged = Uint8Array.from(file)
  damaged[60] = (damaged[60] ?? 0) ^ 1
  await check(file, 5)
})

test('chunks without values are left out, wherever the footer says they are', async () => {
  const file = must(files[0], 'file')
  const footer = await readFooter(bytesReader(file), 'f.parquet')
  const columns = must(footer.metadata.rowGroups[0], 'row group').columns.map((column) => ({
    ...column,
    metadata: { ...must(column.metadata, 'metadata'), dataPageOffset: 0, totalCompressedSize: 9, numValues: 0 },
  }))
  const rowGroups = [...footer.metadata.rowGroups, { ...must(footer.metadata.rowGroups[0], 'row group'), columns }]
  await check(file, 64, { ...footer, metadata: { ...footer.metadata, rowGroups } })
})
