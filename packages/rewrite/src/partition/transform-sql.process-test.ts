import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { canTransform, parseTransform, transformResultType } from '@moraine/iceberg/partition/transform'
import { transformFunction } from '@moraine/iceberg/partition/transform-function'
import type { PrimitiveType } from '@moraine/iceberg/schema/type'
import type { Literal } from '@moraine/iceberg/value/literal'
import fc from 'fast-check'
import { bucketFunctions } from '../duckdb/bucket-functions.ts'
import { sqlLiteral, sqlNull } from '../sql/sql-literal.ts'
import { readPlain } from './plain-value.ts'
import { transformSql } from './transform-sql.ts'

let instance: DuckDBInstance
let connection: DuckDBConnection
before(async () => {
  instance = await DuckDBInstance.create(':memory:', { threads: '1' })
  connection = await instance.connect()
  await connection.run("SET TimeZone='UTC'")
  for (const each of bucketFunctions()) connection.registerScalarFunction(each)
})
after(() => {
  connection.disconnectSync()
  instance.closeSync()
})

const int = fc.oneof(fc.integer(), fc.constantFrom(-1, 0, 1, -(2 ** 31), 2 ** 31 - 1))
const long = fc.oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.constantFrom(-1n, 0n, -(2n ** 63n)))
// The years 1000 to 5000; nanoseconds reach from 1677 to 2262.
const micros = fc.bigInt({ min: -30_610_224_000_000_000n, max: 95_617_584_000_000_000n })
const nanos = fc.bigInt({ min: -9_000_000_000_000_000_000n, max: 9_000_000_000_000_000_000n })
const bytes = (more: fc.IntArrayConstraints) => fc.uint8Array(more).map((each) => new Uint8Array(each))
const text = fc.string({ unit: 'grapheme', maxLength: 12 })

const VALUES: readonly (readonly [PrimitiveType, fc.Arbitrary<Literal>])[] = [
  [{ kind: 'boolean' }, fc.boolean()],
  [{ kind: 'int' }, int],
  [{ kind: 'long' }, long],
  [{ kind: 'float' }, fc.oneof(fc.float(), fc.constantFrom(-0, Number.NaN))],
  [{ kind: 'double' }, fc.oneof(fc.double(), fc.constantFrom(-0, Number.NaN))],
  [{ kind: 'decimal', precision: 9, scale: 2 }, fc.bigInt({ min: -999_999_999n, max: 999_999_999n })],
  [{ kind: 'decimal', precision: 38, scale: 10 }, fc.bigInt({ min: -(10n ** 37n), max: 10n ** 37n })],
  [{ kind: 'date' }, fc.integer({ min: -700_000, max: 700_000 })],
  [{ kind: 'time' }, fc.bigInt({ min: 0n, max: 86_399_999_999n })],
  [{ kind: 'timestamp' }, micros],
  [{ kind: 'timestamptz' }, micros],
  [{ kind: 'timestamp_ns' }, nanos],
  [{ kind: 'timestamptz_ns' }, nanos],
  [{ kind: 'string' }, text],
  [{ kind: 'uuid' }, bytes({ minLength: 16, maxLength: 16 })],
  [{ kind: 'fixed', length: 5 }, bytes({ minLength: 5, maxLength: 5 })],
  [{ kind: 'binary' }, bytes({ maxLength: 12 })],
]
const TRANSFORMS = [
  'identity',
  'void',
  'bucket[7]',
  'bucket[1000]',
  'truncate[1]',
  'truncate[10]',
  'year',
  'month',
  'day',
  'hour',
].map(parseTransform)

for (const [type, values] of VALUES) {
  test(`SQL computes every transform of ${type.kind} values as the transform does, and null of null`, async () => {
    const transforms = TRANSFORMS.filter((each) => canTransform(each, type))
    const literals = fc.sample(values, { numRuns: 200, seed: 5 })
    const source = [sqlNull(type), ...literals.map((each) => sqlLiteral(type, each))]
    const columns = transforms.map((each, at) => {
      const result = transformSql(each, type, 'v')
      return `${transformResultType(each, type).kind === 'decimal' ? `CAST(${result} AS VARCHAR)` : result} AS t${at}`
    })
    const relation = source.map((each, at) => `SELECT ${at} AS i, ${each} AS v`).join(' UNION ALL ')
    const reader = await connection.runAndReadAll(`SELECT i, ${columns.join(', ')} FROM (${relation}) ORDER BY i`)
    const rows = reader.getRowObjectsJS()
    for (const [at, transform] of transforms.entries()) {
      const apply = transformFunction(transform, type)
      const resultType = transformResultType(transform, type)
      assert.deepEqual(
        rows.map((row) => readPlain(resultType, row[`t${at}`])),
        [null, ...literals.map((each) => exact(apply(each)))],
        `${transform.kind} of ${type.kind}`,
      )
    }
  })
}

// Views of a larger buffer are equal to copies of it in what they hold only.
function exact(value: Literal | null): Literal | null {
  return value instanceof Uint8Array ? new Uint8Array(value) : value
}
