import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MoraineError } from '@moraine/stdx/error'
import { formatExactJson, type JsonValue, parseExactJson } from '@moraine/stdx/exact-json'
import fc from 'fast-check'
import { EDGES } from '../expression/testing/arbitrary-filter.ts'
import type { PrimitiveType } from '../schema/type.ts'
import type { Literal } from '../value/literal.ts'
import type { ContentFile, FileMetrics } from './content-file.ts'
import { decodeContentFile, encodeContentFile } from './content-file-json.ts'
import { sampleContentFile } from './testing/sample-entry.ts'

type TypedFile = { readonly types: readonly PrimitiveType[]; readonly file: ContentFile }

const fieldId = fc.integer({ min: 0, max: 2 ** 31 - 1 })
const count = fc.nat({ max: Number.MAX_SAFE_INTEGER })
const counts = fc.array(fc.tuple(fieldId, count), { maxLength: 3 }).map((pairs) => new Map(pairs))
const bytes = fc.uint8Array({ maxLength: 20 })
const bounds = fc.array(fc.tuple(fieldId, bytes), { maxLength: 3 }).map((pairs) => new Map(pairs))

const metrics: fc.Arbitrary<FileMetrics> = fc.record({
  columnSizes: counts,
  valueCounts: counts,
  nullValueCounts: counts,
  nanValueCounts: counts,
  lowerBounds: bounds,
  upperBounds: bounds,
})

const partition = fc
  .array(
    fc
      .constantFrom(...EDGES)
      .chain(([type, values]) =>
        fc
          .option(fc.constantFrom(...values), { freq: 6 })
          .map((value): [PrimitiveType, Literal | null] => [type, value]),
      ),
    { maxLength: 3 },
  )
  .map((fields) => ({ types: fields.map(([type]) => type), tuple: fields.map(([, value]) => value) }))

const common = fc.record(
  {
    filePath: fc.string({ unit: 'grapheme' }),
    fileFormat: fc.constantFrom('parquet' as const, 'orc' as const, 'avro' as const),
    recordCount: count,
    fileSizeBytes: count,
    keyMetadata: bytes,
    splitOffsets: fc.array(count, { maxLength: 3 }),
    sortOrderId: fc.nat(),
  },
  { requiredKeys: ['filePath', 'fileFormat', 'recordCount', 'fileSizeBytes'] },
)

const special: fc.Arbitrary<Partial<ContentFile>> = fc.oneof(
  fc.record({ content: fc.constant('data' as const), firstRowId: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }) }),
  fc.constant({ content: 'data' as const }),
  fc.constant({ content: 'position-deletes' as const }),
  fc.record({ content: fc.constant('position-deletes' as const), referencedDataFile: fc.string() }),
  fc.record({
    content: fc.constant('position-deletes' as const),
    fileFormat: fc.constant('puffin' as const),
    referencedDataFile: fc.string(),
    contentOffset: count,
    contentSizeBytes: count,
  }),
  fc.record({ content: fc.constant('equality-deletes' as const), equalityIds: fc.array(fieldId, { maxLength: 3 }) }),
)

const typedFile: fc.Arbitrary<TypedFile> = fc
  .tuple(common, special, partition, metrics)
  .map(([shared, own, { types, tuple }, figures]) => ({
    types,
    file: { ...sampleContentFile(), ...shared, ...own, specId: 3, partition: tuple, metrics: () => figures },
  }))

function decode(json: JsonValue, types: readonly PrimitiveType[]): ContentFile {
  const decoder = decodeContentFile((specId) => (specId === 3 || specId === 0 ? types : undefined))
  return decoder(json, { document: 'answer', kind: 'corrupt' })
}

function plain({ metrics: figures, ...file }: ContentFile) {
  return { ...file, metrics: { ...figures() } }
}

test('a file is the same after its JSON', () => {
  fc.assert(
    fc.property(typedFile, ({ types, file }) => {
      const json = formatExactJson(encodeContentFile(file, types, () => true))
      assert.deepEqual(plain(decode(parseExactJson(json, 'answer'), types)), plain(file))
    }),
    { numRuns: 400 },
  )
})

test('figures are sent for the columns that are asked for, and for none else', () => {
  const figures: FileMetrics = {
    columnSizes: new Map([
      [3, 100],
      [4, 200],
    ]),
    valueCounts: new Map([[4, 7]]),
    nullValueCounts: new Map(),
    nanValueCounts: new Map(),
    lowerBounds: new Map([[3, Uint8Array.of(1, 0, 0, 0)]]),
    upperBounds: new Map([[3, Uint8Array.of(10, 0, 0, 0)]]),
  }
  const file = sampleContentFile({ metrics: () => figures })
  const keysOf = (json: JsonValue) => Object.keys(parseExactJson(formatExactJson(json), 'x') as object).slice(7)
  assert.deepEqual(keysOf(encodeContentFile(file, [])), [])
  assert.deepEqual(keysOf(encodeContentFile(file, [], (id) => id === 3)), [
    'column-sizes',
    'lower-bounds',
    'upper-bounds',
  ])
  const { 'column-sizes': sizes, 'upper-bounds': upper } = encodeContentFile(file, [], (id) => id === 3)
  assert.deepEqual(sizes, { keys: [3], values: [100] })
  assert.deepEqual(upper, { keys: [3], values: ['0A000000'] })
})

// Texts of the reference implementation's TestContentFileParser.
test('what the reference implementation writes is read, and written alike', () => {
  const withFigures =
    '{"spec-id":0,"content":"data","file-path":"/path/to/data-with-stats.parquet","file-format":"parquet","partition":[1],"file-size-in-bytes":350,"record-count":10,"column-sizes":{"keys":[3,4],"values":[100,200]},"value-counts":{"keys":[3,4],"values":[90,180]},"null-value-counts":{"keys":[3,4],"values":[10,20]},"nan-value-counts":{"keys":[3,4],"values":[0,0]},"lower-bounds":{"keys":[3,4],"values":["01000000","02000000"]},"upper-bounds":{"keys":[3,4],"values":["05000000","0A000000"]},"key-metadata":"00000000000000000000000000000000","split-offsets":[128,256],"sort-order-id":1}'
  const vector =
    '{"spec-id":0,"content":"position-deletes","file-path":"/path/to/delete.puffin","file-format":"puffin","partition":[4],"file-size-in-bytes":1234,"record-count":10,"referenced-data-file":"/path/to/data/file.parquet","content-offset":4,"content-size-in-bytes":40}'
  for (const json of [withFigures, vector]) {
    const types: readonly PrimitiveType[] = [{ kind: 'int' }]
    const file = decode(parseExactJson(json, 'answer'), types)
    assert.equal(formatExactJson(encodeContentFile(file, types, () => true)), json)
  }
  const former = vector.replace('position-deletes', 'POSITION_DELETES').replace('puffin"', 'PUFFIN"')
  assert.equal(decode(parseExactJson(former, 'answer'), [{ kind: 'int' }]).content, 'position-deletes')
})

test('a partition value whose column is gone is null, and bytes are in upper case', () => {
  const file = sampleContentFile({ partition: ['eu', Uint8Array.of(171), Number.NaN] })
  const types: readonly PrimitiveType[] = [{ kind: 'unknown' }, { kind: 'binary' }, { kind: 'double' }]
  assert.deepEqual(encodeContentFile(file, types)['partition'], [null, 'AB', 'NaN'])
})

test('damaged files are refused, and named', () => {
  const whole = encodeContentFile(sampleContentFile({ partition: [5] }), [{ kind: 'int' }])
  const cases: readonly (readonly [Readonly<Record<string, JsonValue>>, RegExp])[] = [
    [{ 'spec-id': 9 }, /spec-id is 9, which the table does not have/],
    [{ content: 'invalid-content' }, /content is "invalid-content"/],
    [{ content: '__proto__' }, /no content of a file/],
    [{ 'file-format': 'csv' }, /file-format is "csv"/],
    [{ partition: 'invalid' }, /partition is not a list/],
    [{ partition: [] }, /partition has 0 values where the partition spec has 1 fields/],
    [{ partition: ['x'] }, /partition\[0\] is not an integer/],
    [{ 'record-count': -1 }, /record-count is negative/],
    [{ 'file-size-in-bytes': 2n ** 60n }, /file-size-in-bytes is not an integer below/],
    [{ 'value-counts': { keys: [1], values: [] } }, /value-counts has 1 keys and 0 values/],
    [{ 'lower-bounds': { keys: [1], values: ['0g'] } }, /lower-bounds.values\[0\] is not hexadecimal/],
  ]
  for (const [change, message] of cases) {
    assert.throws(
      () => decode({ ...whole, ...change }, [{ kind: 'int' }]),
      (error) => error instanceof MoraineError && error.kind === 'corrupt' && message.test(error.message),
      String(message),
    )
  }
})
