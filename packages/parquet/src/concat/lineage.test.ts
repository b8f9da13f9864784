import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { SchemaElement } from 'hyparquet'
import { readFooter } from '../footer/parquet-footer.ts'
import { LAST_UPDATED_SEQUENCE_NUMBER_FIELD_ID, ROW_ID_FIELD_ID } from '../lineage/lineage-columns.ts'
import { bytesReader } from '../testing/bytes-reader.ts'
import {
  memorySink,
  readParquetRows,
  SAMPLE_SCHEMA,
  type Sample,
  type SampleColumn,
  sampleColumns,
  sampleFile,
} from '../testing/sample-file.ts'
import type { ConcatInput, ConcatPlan, ConcatRefusal } from './concat-plan.ts'
import { loadConcatSource } from './concat-source.ts'
import { planConcat } from './plan-concat.ts'
import { runConcat } from './run-concat.ts'

type Choice = Omit<ConcatInput, 'source'>
type Nullability = 'REQUIRED' | 'OPTIONAL'

const V3 = { rowLineage: true, createdBy: 'moraine version 0.1.0' }

async function plan(files: readonly Uint8Array[], choices: readonly Choice[]): Promise<ConcatPlan | ConcatRefusal> {
  const inputs = await Promise.all(
    files.map(async (file, at) => ({
      source: await loadConcatSource(bytesReader(file), `${at}.parquet`),
      ...choices[at],
    })),
  )
  return planConcat(inputs, V3)
}

async function concat(files: readonly Uint8Array[], choices: readonly Choice[]): Promise<Uint8Array> {
  const planned = await plan(files, choices)
  assert.ok(planned.kind === 'planned', planned.kind === 'refused' ? planned.reason : '')
  const sink = memorySink()
  await runConcat(planned, files.map(bytesReader), sink)
  return sink.bytes()
}

async function refusal(files: readonly Uint8Array[], choices: readonly Choice[] = []): Promise<string> {
  const planned = await plan(files, choices)
  return planned.kind === 'refused' ? planned.reason : 'not refused'
}

async function lineageOf(bytes: Uint8Array): Promise<unknown[]> {
  const rows = await readParquetRows(bytes)
  return rows.map((row) => [row['id'], row['_row_id'], row['_last_updated_sequence_number']])
}

// As an engine leaves a file behind that it has rewritten: with lineage columns, here before the other columns.
function carryingFile(sample: Sample, rowIds: (bigint | null)[], nullability: Nullability = 'OPTIONAL'): Uint8Array {
  const element = (name: string, field_id: number): SchemaElement => {
    return { name, type: 'INT64', repetition_type: nullability, field_id }
  }
  const [root, ...rest] = SAMPLE_SCHEMA
  const schema: SchemaElement[] = [
    { ...root, name: 'root', num_children: 8 },
    element('_last_updated_sequence_number', LAST_UPDATED_SEQUENCE_NUMBER_FIELD_ID),
    element('_row_id', ROW_ID_FIELD_ID),
    ...rest,
  ]
  const columns: SampleColumn[] = [
    { name: '_last_updated_sequence_number', data: rowIds.map((id) => (id === null ? 3n : id % 3n)) },
    { name: '_row_id', data: rowIds },
    ...sampleColumns(sample),
  ]
  return sampleFile({ ...sample, schema, columns })
}

const first = sampleFile({ firstRow: 0, rows: 250 })
const second = sampleFile({ firstRow: 500, rows: 130 })
const firstLineage = { firstRowId: 1000n, sequenceNumber: 4n }
const secondLineage = { firstRowId: 2n ** 62n, sequenceNumber: 2n ** 40n }

suite('concat with row lineage', () => {
  test('every row keeps its id and sequence number', async () => {
    const bytes = await concat([first, second], [{ lineage: firstLineage }, { lineage: secondLineage }])
    const expected = [
      ...Array.from({ length: 250 }, (_, row) => [BigInt(row), 1000n + BigInt(row), 4n]),
      ...Array.from({ length: 130 }, (_, row) => [BigInt(500 + row), 2n ** 62n + BigInt(row), 2n ** 40n]),
    ]
    assert.deepEqual(await lineageOf(bytes), expected)
    const footer = await readFooter(bytesReader(bytes), 'out')
    assert.deepEqual(
      footer.leaves.slice(-2).map((leaf) => [leaf.element.name, leaf.element.fieldId, leaf.element.repetition]),
      [
        ['_row_id', ROW_ID_FIELD_ID, 'OPTIONAL'],
        ['_last_updated_sequence_number', LAST_UPDATED_SEQUENCE_NUMBER_FIELD_ID, 'OPTIONAL'],
      ],
    )
    assert.deepEqual(
      footer.metadata.keyValues?.map(({ key }) => key),
      ['origin'],
    )
    assert.deepEqual(
      (await readParquetRows(bytes, { _row_id: { $eq: 1249n } })).map((row) => row['id']),
      [249n],
    )
  })

  test('row groups of a subset keep the ids of their places in the file', async () => {
    const bytes = await concat([first], [{ lineage: firstLineage, rowGroups: [2, 1] }])
    const rows = await lineageOf(bytes)
    assert.deepEqual(rows[0], [200n, 1200n, 4n])
    assert.deepEqual(rows[50], [100n, 1100n, 4n])
  })

  test('a sequence of any length reads back, up to the ends of blocks', async () => {
    for (const rows of [1, 2, 3, 128, 129, 130, 257, 1000]) {
      const file = sampleFile({ firstRow: 0, rows, rowGroupRows: rows })
      const bytes = await concat([file], [{ lineage: { firstRowId: 7n, sequenceNumber: 0n } }])
      assert.deepEqual(
        await lineageOf(bytes),
        Array.from({ length: rows }, (_, row) => [BigInt(row), 7n + BigInt(row), 0n]),
      )
    }
  })

  test('files that carry the columns keep theirs, moved to the end; the others get them in the same form', async () => {
    for (const nullability of ['OPTIONAL', 'REQUIRED'] as const) {
      const ids = Array.from({ length: 120 }, (_, row) => BigInt(9000 - row))
      const carrying = carryingFile({ firstRow: 800, rows: 120 }, ids, nullability)
      const choices = [{ lineage: firstLineage }, {}, { lineage: secondLineage }]
      const bytes = await concat([first, carrying, second], choices)
      const rows = await lineageOf(bytes)
      assert.deepEqual(rows[249], [249n, 1249n, 4n])
      assert.deepEqual(
        rows.slice(250, 370),
        ids.map((id, row) => [BigInt(800 + row), id, id % 3n]),
      )
      assert.deepEqual(rows[370], [500n, 2n ** 62n, 2n ** 40n])
      const names = Object.keys((await readParquetRows(bytes))[0] ?? {})
      assert.deepEqual(names.slice(-2), ['_row_id', '_last_updated_sequence_number'])
      assert.deepEqual(await lineageOf(await concat([bytes], [{}])), rows)
    }
  })

  test('nulls in carried columns, half a pair, and files without any lineage are refused', async () => {
    const holed = carryingFile({ firstRow: 0, rows: 3 }, [1n, null, 3n])
    assert.match(await refusal([holed]), /0\.parquet: the row lineage columns of row group 0 may hold nulls/)
    assert.match(await refusal([first]), /neither row lineage columns nor a first row id/)
    const schema = [
      ...SAMPLE_SCHEMA.map((element) => (element.num_children === 6 ? { ...element, num_children: 7 } : element)),
      { name: '_row_id', type: 'INT64' as const, repetition_type: 'OPTIONAL' as const, field_id: ROW_ID_FIELD_ID },
    ]
    const columns = [...sampleColumns({ firstRow: 0, rows: 1 }), { name: '_row_id', data: [1n] }]
    const half = sampleFile({ firstRow: 0, rows: 1, schema, columns })
    assert.match(await refusal([half], [{ lineage: firstLineage }]), /only one of the two/)
    const overflow = { firstRowId: 2n ** 63n - 10n, sequenceNumber: 1n }
    assert.match(await refusal([first], [{ lineage: overflow }]), /cannot have first row id/)
  })

  test('without lineage asked for, carried columns are columns like any other', async () => {
    const carrying = carryingFile({ firstRow: 0, rows: 3 }, [1n, null, 3n])
    const source = await loadConcatSource(bytesReader(carrying), 'a')
    const planned = planConcat([{ source }], { ...V3, rowLineage: false })
    assert.ok(planned.kind === 'planned')
    const sink = memorySink()
    await runConcat(planned, [bytesReader(carrying)], sink)
    assert.deepEqual(await readParquetRows(sink.bytes()), await readParquetRows(carrying))
  })
})
