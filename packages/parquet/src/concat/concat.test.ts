import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { suite, test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import {
  EMPTY_STRUCT,
  findField,
  structField,
  structList,
  structOf,
  structsOf,
  type ThriftStruct,
  type ThriftValue,
  textValue,
  withFields,
} from '@moraine/thrift/thrift-tree'
import type { SchemaElement } from 'hyparquet'
import type { RowGroup } from '../footer/file-metadata.ts'
import { readFooter, withTree } from '../footer/parquet-footer.ts'
import { bytesReader } from '../testing/bytes-reader.ts'
import { replaceFooter } from '../testing/replace-footer.ts'
import { memorySink, readParquetRows, SAMPLE_SCHEMA, sampleColumns, sampleFile } from '../testing/sample-file.ts'
import type { ConcatInput, ConcatOptions, ConcatPlan } from './concat-plan.ts'
import { loadConcatSource } from './concat-source.ts'
import { planConcat } from './plan-concat.ts'
import { BATCH_BYTES } from './read-batches.ts'
import { runConcat } from './run-concat.ts'
import { verifyConcat } from './verify-concat.ts'

const PLAIN: ConcatOptions = { rowLineage: false, createdBy: 'moraine version 0.1.0' }

type Choice = Omit<ConcatInput, 'source'>

async function inputsOf(files: readonly Uint8Array[], choices: readonly Choice[] = []): Promise<ConcatInput[]> {
  return Promise.all(
    files.map(async (file, at) => ({
      source: await loadConcatSource(bytesReader(file), `${at}.parquet`),
      ...choices[at],
    })),
  )
}

async function plan(
  files: readonly Uint8Array[],
  choices: readonly Choice[] = [],
  options = PLAIN,
): Promise<ConcatPlan> {
  const planned = planConcat(await inputsOf(files, choices), options)
  assert.ok(planned.kind === 'planned', planned.kind === 'refused' ? planned.reason : '')
  return planned
}

async function run(planned: ConcatPlan, files: readonly Uint8Array[]): Promise<Uint8Array> {
  const sink = memorySink()
  const result = await runConcat(planned, files.map(bytesReader), sink)
  const bytes = sink.bytes()
  assert.equal(bytes.length, planned.sizeBytes)
  const verified = await verifyConcat(result, bytesReader(bytes))
  assert.equal(
    verified.reduce((sum, range) => sum + range.length, 0),
    bytes.length,
  )
  return bytes
}

async function refusal(
  files: readonly Uint8Array[],
  choices: readonly Choice[] = [],
  options = PLAIN,
): Promise<string> {
  const planned = planConcat(await inputsOf(files, choices), options)
  assert.equal(planned.kind, 'refused')
  return planned.kind === 'refused' ? planned.reason : ''
}

const three = [0, 250, 300].map((firstRow, at) => sampleFile({ firstRow, rows: [250, 50, 130][at] ?? 0 }))

suite('concat', () => {
  test('the output holds the rows of all inputs in order', async () => {
    const planned = await plan(three)
    const bytes = await run(planned, three)
    const expected = (await Promise.all(three.map((file) => readParquetRows(file)))).flat()
    assert.deepEqual(await readParquetRows(bytes), expected)
    assert.equal(planned.rows, 430)
    assert.deepEqual(planned.notes, [])
    const footer = await readFooter(bytesReader(bytes), 'out')
    assert.deepEqual(
      footer.metadata.rowGroups.map((group) => group.numRows),
      [100, 100, 50, 50, 100, 30],
    )
    assert.equal(footer.metadata.createdBy, 'sample version 1.0.0')
    assert.deepEqual(
      footer.metadata.keyValues?.map((entry) => entry.key),
      ['ARROW:schema', 'origin'],
    )
    assert.deepEqual(footer, { ...planned.footer, file: footer.file })
  })

  test('page indexes and bloom filters find rows at their new places', async () => {
    const bytes = await run(await plan(three), three)
    for (const id of [0n, 99n, 249n, 250n, 299n, 300n, 429n]) {
      const rows = await readParquetRows(bytes, { id: { $eq: id } })
      assert.deepEqual(
        rows.map((row) => row['id']),
        [id],
      )
    }
    const byName = await readParquetRows(bytes, { name: { $eq: 'name 251' } })
    assert.equal(byName[0]?.['id'], 251n)
    assert.deepEqual(await readParquetRows(bytes, { name: { $eq: 'nobody' } }), [])
    assert.equal((await readParquetRows(bytes, { id: { $gte: 95n, $lt: 305n } })).length, 210)
  })

  test('every page location and bloom filter of the output is where the footer says', async () => {
    const bytes = await run(await plan(three), three)
    const source = await loadConcatSource(bytesReader(bytes), 'out')
    // Planning from the output checks each offset index against its chunk, and running checks the bloom filters.
    const again = planConcat([{ source }], PLAIN)
    assert.ok(again.kind === 'planned')
    assert.deepEqual(again.notes, [])
    assert.deepEqual(await run(again, [bytes]), bytes)
    const inputs = await inputsOf(three)
    const indexed = (groups: readonly RowGroup[]) =>
      groups.map(({ columns }) => {
        return columns.map((chunk) => [chunk.offsetIndexOffset, chunk.columnIndexOffset].map((at) => at !== undefined))
      })
    const expected = inputs.flatMap((input) => indexed(input.source.footer.metadata.rowGroups))
    assert.deepEqual(indexed(source.footer.metadata.rowGroups), expected)
    assert.equal(expected.flat(2).filter(Boolean).length, 50)
  })

  test('split offsets are the first bytes of the row groups', async () => {
    const planned = await plan(three)
    const starts = planned.footer.metadata.rowGroups.map((group) => {
      return Math.min(
        ...group.columns.map(({ metadata }) => metadata?.dictionaryPageOffset ?? metadata?.dataPageOffset ?? 0),
      )
    })
    assert.deepEqual(planned.splitOffsets, starts)
  })

  test('a subset of row groups, in any order and from one file twice', async () => {
    const file = three[0] as Uint8Array
    const files = [file, file]
    const bytes = await run(await plan(files, [{ rowGroups: [2] }, { rowGroups: [0] }]), files)
    const rows = await readParquetRows(file)
    assert.deepEqual(await readParquetRows(bytes), [...rows.slice(200), ...rows.slice(0, 100)])
    assert.match(await refusal([file], [{ rowGroups: [3] }]), /has 3 row groups, none at position 3/)
  })

  test('small reads of large pieces give the same bytes', async () => {
    const planned = await plan(three)
    const expected = await run(planned, three)
    let inFlight = 0
    const sink = memorySink()
    const readers = three.map((file) => ({
      sizeBytes: file.length,
      async readRange(offset: number, length: number) {
        inFlight += 1
        await new Promise(setImmediate)
        inFlight -= 1
        return file.subarray(offset, offset + length)
      },
    }))
    const progress: number[] = []
    await runConcat(planned, readers, sink, undefined, (written) => progress.push(written))
    assert.deepEqual(sink.bytes(), expected)
    assert.equal(progress.at(-1), expected.length)
    assert.equal(inFlight, 0)
  })

  test('readers that fill memory of the caller give the same bytes, over many buffers', async () => {
    // Larger than a batch: most pages are incompressible text.
    const noise = Array.from({ length: 12 }, (_, at) => randomBytes(400_000).toString('latin1') + at)
    const schema: SchemaElement[] = [
      { name: 'root', num_children: 1 },
      { name: 'noise', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED', field_id: 1 },
    ]
    const large = sampleFile({
      firstRow: 0,
      rows: 40,
      rowGroupRows: 16,
      schema,
      columns: [{ name: 'noise', data: noise }],
    })
    const files = [large, large]
    const planned = await plan(files)
    assert.ok(planned.sizeBytes > 3 * BATCH_BYTES)
    const filled: number[] = []
    const readers = files.map((file) => ({
      ...bytesReader(file),
      readInto: async (offset: number, into: Uint8Array) => {
        filled.push(into.length)
        await new Promise(setImmediate)
        into.set(file.subarray(offset, offset + into.length))
      },
    }))
    const sink = memorySink()
    const result = await runConcat(planned, readers, sink)
    assert.deepEqual(sink.bytes(), await run(planned, files))
    assert.equal(Math.max(...filled), BATCH_BYTES)
    const output = sink.bytes()
    const whole = {
      ...bytesReader(output),
      readInto: async (offset: number, into: Uint8Array) => into.set(output.subarray(offset, offset + into.length)),
    }
    assert.equal((await verifyConcat(result, whole)).length, result.ranges.length)
  })

  test('different schemas and old writers are refused, by name', async () => {
    const renamed = SAMPLE_SCHEMA.map((element) => (element.name === 'price' ? { ...element, name: 'cost' } : element))
    const columns = sampleColumns({ firstRow: 0, rows: 10 }).map((column) => {
      return column.name === 'price' ? { ...column, name: 'cost' } : column
    })
    const other = sampleFile({ firstRow: 0, rows: 10, schema: renamed, columns })
    assert.match(
      await refusal([three[0] as Uint8Array, other]),
      /schemas of 0\.parquet and 1\.parquet differ: \["price"\] OPTIONAL DOUBLE id 3 against \["cost"\]/,
    )
    const nullable = SAMPLE_SCHEMA.map((element) => ({
      ...element,
      ...(element.name === 'id' ? { repetition_type: 'OPTIONAL' as const } : {}),
    }))
    const optional = sampleFile({ firstRow: 0, rows: 10, schema: nullable })
    assert.match(await refusal([three[0] as Uint8Array, optional]), /REQUIRED INT64 id 1 against \["id"\] OPTIONAL/)
    const old = sampleFile({ firstRow: 0, rows: 10, createdBy: 'parquet-mr version 1.6.0' })
    assert.match(await refusal([old]), /written by parquet-mr version 1\.6\.0/)
    const recent = sampleFile({ firstRow: 0, rows: 10, createdBy: 'parquet-mr version 1.13.1 (build 1)' })
    const mixed = await plan([three[0] as Uint8Array, recent])
    assert.equal(mixed.footer.metadata.createdBy, 'moraine version 0.1.0')
  })

  test('a damaged offset index is left out with a note, the rows stay', async () => {
    const file = Buffer.from(three[0] as Uint8Array)
    const footer = await readFooter(bytesReader(file), 'a')
    const chunk = footer.metadata.rowGroups[1]?.columns[0]
    file.fill(0xff, chunk?.offsetIndexOffset ?? 0, (chunk?.offsetIndexOffset ?? 0) + (chunk?.offsetIndexLength ?? 0))
    const planned = await plan([file])
    assert.equal(planned.notes.length, 1)
    assert.match(planned.notes[0] ?? '', /0\.parquet: page indexes of 1 column chunks left out; id of row group 1: /)
    assert.deepEqual(await readParquetRows(await run(planned, [file])), await readParquetRows(file))
    const moved = planned.footer.metadata.rowGroups[1]?.columns[0]
    assert.equal(moved?.offsetIndexOffset, undefined)
    assert.equal(moved?.columnIndexOffset, undefined)
  })

  test('a bloom filter that contradicts the footer stops the run', async () => {
    const file = Buffer.from(three[0] as Uint8Array)
    const planned = await plan([file])
    const piece = planned.pieces.find(({ what }) => what === 'bloom-filter')
    assert.ok(piece?.kind === 'copy')
    file[piece.inputOffset + 1] = (file[piece.inputOffset + 1] ?? 0) ^ 0x02
    const running = runConcat(planned, [bytesReader(file)], memorySink())
    await assert.rejects(
      running,
      (error) => isKind(error, 'corrupt') && /bloom filter at \d+ of 0\.parquet/.test(error.message),
    )
  })

  test('an input that changed its size since planning stops the run', async () => {
    const planned = await plan(three)
    const readers = [three[0], three[0], three[2]].map((file) => bytesReader(file as Uint8Array))
    await assert.rejects(
      runConcat(planned, readers, memorySink()),
      /1\.parquet has \d+ bytes, but had \d+ when the copy/,
    )
  })

  test('what this version does not know survives where it applies to a chunk, and must agree for the file', async () => {
    const later: ThriftValue = { type: 'binary', value: Buffer.from('from a later version') }
    const inputs = await inputsOf(three)
    const marked = inputs.map((input, at) => {
      const groups = structsOf(input.source.footer.tree, 4).map((group) => {
        const chunks = structsOf(group, 1).map((chunk) => withFields(chunk, { 77: later }))
        return withFields(group, { 1: structList(chunks), 78: later })
      })
      const tree = withFields(input.source.footer.tree, { 4: structList(groups), 79: at < 2 ? later : undefined })
      return { ...input, source: { ...input.source, footer: withTree(input.source.footer, tree) } }
    })
    const refused = planConcat(marked, PLAIN)
    assert.match(refused.kind === 'refused' ? refused.reason : '', /0\.parquet and 2\.parquet differ in fields/)
    const planned = planConcat(marked.slice(0, 2), PLAIN)
    assert.ok(planned.kind === 'planned')
    assert.deepEqual(findField(planned.footer.tree, 79), later)
    for (const group of structsOf(planned.footer.tree, 4)) {
      assert.deepEqual(findField(group, 78), later)
      for (const chunk of structsOf(group, 1)) assert.deepEqual(findField(chunk, 77), later)
    }
  })

  test('encrypted files and chunks in other files are refused', async () => {
    const [input] = await inputsOf([three[0] as Uint8Array])
    assert.ok(input)
    const refusalOfTree = (edit: (tree: ThriftStruct) => ThriftStruct) => {
      const footer = withTree(input.source.footer, edit(input.source.footer.tree))
      const refused = planConcat([{ source: { ...input.source, footer } }], PLAIN)
      return refused.kind === 'refused' ? refused.reason : 'not refused'
    }
    const everyChunk = (changes: Record<number, ThriftValue>) => (tree: ThriftStruct) => {
      const groups = structsOf(tree, 4).map((group) => {
        return withFields(group, { 1: structList(structsOf(group, 1).map((chunk) => withFields(chunk, changes))) })
      })
      return withFields(tree, { 4: structList(groups) })
    }
    const algorithm = structOf({ 1: EMPTY_STRUCT })
    assert.equal(
      refusalOfTree((tree) => withFields(tree, { 8: algorithm })),
      '0.parquet is encrypted',
    )
    assert.equal(refusalOfTree(everyChunk({ 8: algorithm })), '0.parquet is encrypted')
    assert.equal(refusalOfTree(everyChunk({ 1: textValue('b.parquet') })), '0.parquet keeps column data in other files')
  })

  test('bloom filters whose length the footer leaves out are measured and copied', async () => {
    const file = three[0] as Uint8Array
    const original = await readFooter(bytesReader(file), 'a')
    const groups = structsOf(original.tree, 4).map((group) => {
      const chunks = structsOf(group, 1).map((chunk) => {
        return withFields(chunk, { 3: withFields(structField(chunk, 3) ?? EMPTY_STRUCT, { 15: undefined }) })
      })
      return withFields(group, { 1: structList(chunks) })
    })
    const sink = memorySink()
    const footer = withTree(original, withFields(original.tree, { 4: structList(groups) }))
    await replaceFooter(bytesReader(file), footer, sink)
    const planned = await plan([sink.bytes()])
    assert.deepEqual(planned.notes, [])
    const lengths = (of: typeof original) =>
      of.metadata.rowGroups.flatMap((group) => group.columns.map(({ metadata }) => metadata?.bloomFilterLength))
    assert.deepEqual(lengths(planned.footer), lengths(original))
    await run(planned, [sink.bytes()])
  })

  test('verification notices every single changed byte', async () => {
    const file = sampleFile({ firstRow: 0, rows: 20 })
    const planned = await plan([file])
    const sink = memorySink()
    const result = await runConcat(planned, [bytesReader(file)], sink)
    const bytes = Buffer.from(sink.bytes())
    for (let at = 0; at < bytes.length; at += 97) {
      bytes[at] = (bytes[at] ?? 0) ^ 0x10
      await assert.rejects(verifyConcat(result, bytesReader(bytes)), (error) => isKind(error, 'verification-failed'))
      bytes[at] = (bytes[at] ?? 0) ^ 0x10
    }
    const short = bytes.subarray(0, -1)
    await assert.rejects(verifyConcat(result, bytesReader(short)), (error) => isKind(error, 'verification-failed'))
    await verifyConcat(result, bytesReader(bytes))
  })

  test('stops at an aborted signal and after a failed write, with no read left behind', async () => {
    const planned = await plan(three)
    const stopped = AbortSignal.abort(new Error('stop'))
    await assert.rejects(runConcat(planned, three.map(bytesReader), memorySink(), stopped), /stop/)
    const full = { write: () => Promise.reject(new Error('disk full')) }
    await assert.rejects(runConcat(planned, three.map(bytesReader), full), /disk full/)
  })

  test('survives 1,200 seeded corruptions of its inputs with nothing but our own errors', async () => {
    const file = sampleFile({ firstRow: 0, rows: 60, rowGroupRows: 30 })
    let state = 99
    const next = (below: number) => {
      state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
      return (state >>> 4) % below
    }
    let copied = 0
    for (let round = 0; round < 1200; round += 1) {
      const broken = Buffer.from(file)
      const from = round % 2 === 0 ? 0 : Math.floor(file.length * 0.6)
      for (let flips = 1 + next(4); flips > 0; flips -= 1) {
        const at = from + next(file.length - from)
        broken[at] = (broken[at] ?? 0) ^ (1 << next(8))
      }
      const bytes = round % 16 === 0 ? broken.subarray(0, next(file.length)) : broken
      try {
        const source = await loadConcatSource(bytesReader(bytes), 'broken')
        const lineage = { firstRowId: 5n, sequenceNumber: 1n }
        const planned = planConcat([{ source, lineage }], { ...PLAIN, rowLineage: round % 3 === 0 })
        if (planned.kind === 'refused') continue
        await run(planned, [bytes])
        copied += 1
      } catch (error) {
        assert.ok(isKind(error, 'corrupt') || isKind(error, 'unsupported'), `round ${round}: ${(error as Error).stack}`)
      }
    }
    assert.ok(copied > 100, `${copied} copied`)
  })
})
