import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import { encodeCompactTree, i64Value, structList, structsOf, withFields } from '@moraine/thrift/thrift-tree'
import { bytesReader } from '../testing/bytes-reader.ts'
import { sampleFile } from '../testing/sample-file.ts'
import { encodeFooter, readFooter, readRowCount, withTree } from './parquet-footer.ts'

const file = sampleFile({ firstRow: 0, rows: 250 })
const read = (bytes: Uint8Array) => readFooter(bytesReader(bytes), 'a.parquet')

suite('a footer', () => {
  test('is understood, and written back byte for byte', async () => {
    const footer = await read(file)
    assert.equal(footer.metadata.numRows, 250)
    assert.deepEqual(
      footer.metadata.rowGroups.map((group) => group.numRows),
      [100, 100, 50],
    )
    assert.deepEqual(
      footer.leaves.map((leaf) => [leaf.path.join('.'), leaf.type, leaf.maxDefinitionLevel, leaf.maxRepetitionLevel]),
      [
        ['id', 'INT64', 0, 0],
        ['name', 'BYTE_ARRAY', 1, 0],
        ['price', 'DOUBLE', 1, 0],
        ['place.x', 'INT32', 1, 0],
        ['place.y', 'INT32', 2, 0],
        ['tags.list.element', 'BYTE_ARRAY', 3, 1],
        ['amount', 'INT32', 1, 0],
      ],
    )
    assert.deepEqual(Buffer.from(encodeFooter(footer.tree)), Buffer.from(file.subarray(footer.file.metadataOffset)))
  })

  test('larger than the first read takes a second one', async () => {
    const many = sampleFile({ firstRow: 0, rows: 3000, rowGroupRows: 20 })
    const reads: number[] = []
    const reader = bytesReader(many)
    const counting = {
      ...reader,
      readRange: (offset: number, length: number) => {
        reads.push(length)
        return reader.readRange(offset, length)
      },
    }
    const footer = await readFooter(counting, 'many.parquet')
    assert.equal(footer.metadata.rowGroups.length, 150)
    assert.equal(reads.length, 2)
  })

  test('tells its rows without the rest, and no rows that its row groups do not have', async () => {
    const { tree } = await read(file)
    const withRows = (rows: number) => {
      const footer = encodeFooter(withFields(tree, { 3: i64Value(rows) }))
      return bytesReader(Buffer.concat([file.subarray(0, 4), footer]))
    }
    assert.equal(await readRowCount(bytesReader(file), 'a.parquet'), 250)
    assert.equal(await readRowCount(withRows(250), 'a.parquet'), 250)
    await assert.rejects(
      readRowCount(withRows(251), 'a.parquet'),
      /footer of a\.parquet: .*250 rows, the file claims 251/,
    )
  })

  test('is refused with the file and the reason', async () => {
    const end = file.length
    const withEnd = (text: string, length = 0) => {
      const bytes = Buffer.from(file)
      if (length > 0) bytes.writeUInt32LE(length, end - 8)
      bytes.write(text, end - 4, 'latin1')
      return bytes
    }
    await assert.rejects(read(file.subarray(0, 11)), /a\.parquet is not a Parquet file: it has only 11 bytes/)
    await assert.rejects(read(file.subarray(0, end - 1)), /does not end in PAR1/)
    await assert.rejects(read(withEnd('PARE')), (error) => isKind(error, 'unsupported'))
    await assert.rejects(read(withEnd('PAR1', end)), /footer of \d+ bytes in a file of/)
    await assert.rejects(read(withEnd('PAR1', 100)), (error) => isKind(error, 'corrupt'))
  })

  test('that contradicts itself or its file is corrupt', async () => {
    const footer = await read(file)
    const { tree } = footer
    const groups = structsOf(tree, 4)
    const first = groups[0]
    assert.ok(first)
    const corrupt = (broken: typeof tree, message: RegExp) => assert.throws(() => withTree(footer, broken), message)
    corrupt(withFields(tree, { 3: i64Value(249) }), /250 rows, the file claims 249/)
    corrupt(withFields(tree, { 2: structList(structsOf(tree, 2).slice(0, -1)) }), /the schema ends before/)
    corrupt(withFields(tree, { 4: structList([withFields(first, { 1: structList([]) })]) }), /0 columns, the schema 7/)
    const chunks = structsOf(first, 1)
    corrupt(
      withFields(tree, { 4: structList([withFields(first, { 1: structList(chunks.toReversed()) })]) }),
      /column id of row group 0 is of type INT32/,
    )
    const far = withTree({ ...footer, file: { ...footer.file, metadataOffset: file.length * 2 } }, tree)
    assert.throws(
      () => withTree({ ...far, file: { ...footer.file, metadataOffset: 500 } }, tree),
      /lies at \d+\.\.\d+, outside of the file/,
    )
  })

  test('survives 2,000 seeded bit flips and truncations without anything but our own errors', async () => {
    const footer = await read(file)
    const metadata = encodeCompactTree(footer.tree)
    let state = 12345
    const next = (below: number) => {
      state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
      return state % below
    }
    let accepted = 0
    for (let round = 0; round < 2000; round += 1) {
      const broken = Buffer.from(file)
      for (let flips = 1 + next(3); flips > 0; flips -= 1) {
        const at = footer.file.metadataOffset + next(metadata.length + 8)
        broken[at] = (broken[at] ?? 0) ^ (1 << next(8))
      }
      const bytes = round % 10 === 0 ? broken.subarray(next(file.length)) : broken
      try {
        const { metadata: whole } = await read(bytes)
        assert.equal(await readRowCount(bytesReader(bytes), 'a.parquet'), whole.numRows)
        accepted += 1
      } catch (error) {
        assert.ok(isKind(error, 'corrupt') || isKind(error, 'unsupported'), `round ${round}: ${String(error)}`)
      }
      await readRowCount(bytesReader(bytes), 'a.parquet').catch((error: unknown) => {
        assert.ok(isKind(error, 'corrupt') || isKind(error, 'unsupported'), `round ${round}: ${String(error)}`)
      })
    }
    assert.ok(accepted > 0 && accepted < 1500, `${accepted} accepted`)
  })
})
