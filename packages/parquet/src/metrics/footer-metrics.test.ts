import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { SchemaElement } from 'hyparquet'
import type { PhysicalType } from '../footer/file-metadata.ts'
import type { LogicalType } from '../footer/logical-type.ts'
import { readFooter } from '../footer/parquet-footer.ts'
import { bytesReader } from '../testing/bytes-reader.ts'
import { sampleFile } from '../testing/sample-file.ts'
import { type ColumnMetrics, footerMetrics } from './footer-metrics.ts'
import { icebergBound } from './iceberg-bound.ts'

const hex = (bytes: Uint8Array | undefined) => (bytes === undefined ? undefined : Buffer.from(bytes).toString('hex'))

async function metricsOf(type: Partial<SchemaElement>, data: unknown[], rowGroupRows: number): Promise<ColumnMetrics> {
  const schema = [
    { name: 'root', num_children: 1 },
    { name: 'v', repetition_type: 'OPTIONAL' as const, field_id: 1, ...type },
  ]
  const file = sampleFile({ firstRow: 0, rows: data.length, rowGroupRows, schema, columns: [{ name: 'v', data }] })
  const metrics = footerMetrics(await readFooter(bytesReader(file), 'a'))
  const column = metrics.columns.get(1)
  assert.ok(column)
  return column
}

suite('metrics of a footer', () => {
  test('counts, sizes and bounds are merged over row groups, by field id', async () => {
    const file = sampleFile({ firstRow: 0, rows: 250 })
    const footer = await readFooter(bytesReader(file), 'a.parquet')
    const { columns, splitOffsets, rows } = footerMetrics(footer)
    assert.equal(rows, 250)
    assert.deepEqual([...columns.keys()], [1, 2, 3, 5, 6, 8, 9])
    assert.equal(splitOffsets[0], 4)
    assert.equal(splitOffsets.length, 3)
    const id = columns.get(1)
    assert.deepEqual(
      [id?.valueCount, id?.nullCount, hex(id?.lower?.bytes), hex(id?.upper?.bytes)],
      [250, 0, '0000000000000000', 'f900000000000000'],
    )
    assert.equal(columns.get(2)?.nullCount, 36)
    // Elements, and one value for each list that is null or empty.
    assert.equal(columns.get(8)?.valueCount, 63 + 63 + 62 * 2 + 62 * 3)
    const sizes = [...columns.values()].reduce((sum, column) => sum + column.compressedBytes, 0)
    const expected = footer.metadata.rowGroups.flatMap((group) => group.columns)
    assert.equal(
      sizes,
      expected.reduce((sum, chunk) => sum + (chunk.metadata?.totalCompressedSize ?? 0), 0),
    )
  })

  test('each type has its own order', async () => {
    const bounds = async (type: Partial<SchemaElement>, data: unknown[]) => {
      const { lower, upper } = await metricsOf(type, data, 1)
      return [hex(lower?.bytes), hex(upper?.bytes)]
    }
    assert.deepEqual(await bounds({ type: 'INT32' }, [-1, 1]), ['ffffffff', '01000000'])
    assert.deepEqual(await bounds({ type: 'INT64' }, [256n, -1n, 1n]), ['ffffffffffffffff', '0001000000000000'])
    assert.deepEqual(await bounds({ type: 'DOUBLE' }, [-2, 0.5]), ['00000000000000c0', '000000000000e03f'])
    assert.deepEqual(await bounds({ type: 'BYTE_ARRAY', converted_type: 'UTF8' }, ['b', 'a', 'é']), ['61', 'c3a9'])
    assert.deepEqual(await bounds({ type: 'BOOLEAN' }, [true, false]), ['00', '01'])
    const decimal = { converted_type: 'DECIMAL' as const, scale: 2, precision: 20, type_length: 9 }
    const fixed = await bounds({ type: 'FIXED_LEN_BYTE_ARRAY', ...decimal }, [-0.01, 0.01])
    assert.deepEqual(fixed, ['ffffffffffffffffff', '000000000000000001'])
  })

  test('a bound that one row group lacks is no bound of the file; groups of nulls have no say', async () => {
    const withNulls = await metricsOf({ type: 'INT32' }, [null, null, 5, 7], 2)
    assert.equal(hex(withNulls.lower?.bytes), '05000000')
    assert.equal(withNulls.nullCount, 2)
    const withNan = await metricsOf({ type: 'DOUBLE' }, [1, 2, Number.NaN, Number.NaN], 2)
    assert.equal(withNan.lower, undefined)
    assert.equal(withNan.upper, undefined)
    const onlyNulls = await metricsOf({ type: 'INT32' }, [null, null], 2)
    assert.equal(onlyNulls.lower, undefined)
    assert.equal(onlyNulls.nullCount, 2)
  })

  test('a zero bound covers the zero of the other sign', async () => {
    const { lower, upper } = await metricsOf({ type: 'DOUBLE' }, [0, 0], 2)
    assert.deepEqual([hex(lower?.bytes), hex(upper?.bytes)], ['0000000000000080', '0000000000000000'])
  })

  test('shortened bounds are marked', async () => {
    const { lower, upper } = await metricsOf(
      { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
      ['a'.repeat(40), 'z'.repeat(40)],
      2,
    )
    assert.equal(lower?.isExact, false)
    assert.equal(upper?.isExact, false)
    assert.equal(hex(lower?.bytes), '61'.repeat(16))
  })
})

test('bounds in Iceberg form', () => {
  const bound = (type: PhysicalType, annotation: LogicalType | undefined, from: string) => {
    return hex(icebergBound(type, annotation, Buffer.from(from, 'hex')))
  }
  const decimal: LogicalType = { kind: 'decimal', scale: 2, precision: 9 }
  assert.equal(bound('INT32', undefined, '01000000'), '01000000')
  assert.equal(bound('INT32', { kind: 'date' }, '01000000'), '01000000')
  assert.equal(bound('INT32', decimal, '00000000'), '00')
  assert.equal(bound('INT32', decimal, '7f000000'), '7f')
  assert.equal(bound('INT32', decimal, '80000000'), '0080')
  assert.equal(bound('INT32', decimal, '80ffffff'), '80')
  assert.equal(bound('INT32', decimal, '7fffffff'), 'ff7f')
  assert.equal(bound('INT64', decimal, '0001000000000000'), '0100')
  assert.equal(bound('FIXED_LEN_BYTE_ARRAY', decimal, '0000000000000000ff'), '00ff')
  assert.equal(bound('FIXED_LEN_BYTE_ARRAY', decimal, 'ffffffffffffffffff'), 'ff')
  assert.equal(bound('BYTE_ARRAY', decimal, ''), undefined)
  assert.equal(bound('FIXED_LEN_BYTE_ARRAY', { kind: 'uuid' }, '00'.repeat(16)), '00'.repeat(16))
  assert.equal(bound('BYTE_ARRAY', { kind: 'string' }, '6100'), '6100')
  const time = (unit: 'millis' | 'micros' | 'nanos') => ({ kind: 'time' as const, isAdjustedToUtc: true, unit })
  const timestamp = (unit: 'millis' | 'micros' | 'nanos') => ({
    kind: 'timestamp' as const,
    isAdjustedToUtc: true,
    unit,
  })
  assert.equal(bound('INT32', time('millis'), '01000000'), 'e803000000000000')
  assert.equal(bound('INT64', time('nanos'), '0100000000000000'), undefined)
  assert.equal(bound('INT64', timestamp('millis'), 'ffffffffffffffff'), '18fcffffffffffff')
  assert.equal(bound('INT64', timestamp('micros'), '0100000000000000'), '0100000000000000')
  assert.equal(bound('INT64', timestamp('nanos'), '0100000000000000'), '0100000000000000')
  assert.equal(bound('INT64', timestamp('millis'), 'ffffffffffffff7f'), undefined)
  assert.equal(bound('INT32', { kind: 'integer', bitWidth: 16, isSigned: false }, '01000000'), '01000000')
  assert.equal(bound('INT32', { kind: 'integer', bitWidth: 32, isSigned: false }, '01000000'), undefined)
  assert.equal(bound('BOOLEAN', undefined, '01'), '01')
  assert.equal(bound('INT96', undefined, '00'.repeat(12)), undefined)
  assert.equal(bound('FIXED_LEN_BYTE_ARRAY', { kind: 'interval' }, '00'.repeat(12)), undefined)
  assert.equal(bound('INT32', undefined, '0100'), undefined)
})
