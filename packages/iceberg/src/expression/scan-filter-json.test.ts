import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MoraineError } from '@moraine/stdx/error'
import { formatExactJson, parseExactJson } from '@moraine/stdx/exact-json'
import fc from 'fast-check'
import type { Schema } from '../schema/schema.ts'
import type { PrimitiveType } from '../schema/type.ts'
import type { Literal } from '../value/literal.ts'
import { type BoundColumn, mapPredicates } from './expression.ts'
import type { ScanFilter, ScanTerm } from './scan-filter.ts'
import { decodeScanFilter, encodeScanFilter } from './scan-filter-json.ts'
import { EDGES, filterOf, typedColumns } from './testing/arbitrary-filter.ts'

function schemaOf(columns: Readonly<Record<string, PrimitiveType>>): Schema {
  const fields = Object.entries(columns).map(([name, type], at) => ({ id: at + 1, name, required: false, type }))
  return { schemaId: 0, fields, identifierFieldIds: [] }
}

const COLUMNS = schemaOf({
  id: { kind: 'long' },
  data: { kind: 'string' },
  b: { kind: 'boolean' },
  i: { kind: 'int' },
  f: { kind: 'float' },
  d: { kind: 'double' },
  date: { kind: 'date' },
  ts: { kind: 'timestamp' },
  tsz: { kind: 'timestamptz' },
  nanos: { kind: 'timestamp_ns' },
  time: { kind: 'time' },
  uuid: { kind: 'uuid' },
  fixed: { kind: 'fixed', length: 3 },
  bytes: { kind: 'binary' },
  dec: { kind: 'decimal', precision: 38, scale: 10 },
  'we.ird': { kind: 'int' },
  __proto__x: { kind: 'int' },
})

function parse(json: string, isCaseSensitive = true): ScanFilter {
  const decode = decodeScanFilter({ schema: COLUMNS, isCaseSensitive })
  return decode(parseExactJson(json, 'filter'), { document: 'filter', kind: 'invalid-input' })
}

/** The predicates of a filter, short. */
function shown(filter: ScanFilter): unknown {
  if (filter.op === 'true' || filter.op === 'false') return filter.op
  if (filter.op === 'and' || filter.op === 'or') return [filter.op, ...filter.operands.map(shown)]
  if ('values' in filter) return [filter.op, filter.ref.column.name, filter.values]
  return 'value' in filter ? [filter.op, filter.ref.column.name, filter.value] : [filter.op, filter.ref.column.name]
}

function literal(column: string, json: string): unknown {
  return shown(parse(`{"type":"eq","term":"${column}","value":${json}}`))
}

test('a filter is the same after its JSON', () => {
  fc.assert(
    fc.property(
      typedColumns.chain((columns) => filterOf(columns).map((filter) => ({ columns, filter }))),
      ({ columns, filter }) => {
        const terms = mapPredicates<BoundColumn, Literal, ScanTerm, Literal>(filter, (each) => ({
          ...each,
          ref: { column: each.ref, type: each.ref.type },
        }))
        const schema = schemaOf(Object.fromEntries(columns.map(({ column }) => [column.name, column.type])))
        const json = formatExactJson(encodeScanFilter(terms))
        const decode = decodeScanFilter({ schema, isCaseSensitive: true })
        assert.deepEqual(decode(parseExactJson(json, 'filter'), { document: 'filter', kind: 'invalid-input' }), terms)
      },
    ),
    { numRuns: 400 },
  )
})

test('values of every type are exact', () => {
  for (const [type, values] of EDGES) {
    const decode = decodeScanFilter({ schema: schemaOf({ c: type }), isCaseSensitive: true })
    const ref = { column: { fieldId: 1, name: 'c', type }, type }
    for (const value of values.filter((each) => !Number.isNaN(each))) {
      const json = formatExactJson(encodeScanFilter({ op: 'gt-eq', ref, value }))
      const back = decode(parseExactJson(json, 'filter'), { document: 'filter', kind: 'invalid-input' })
      assert.deepEqual(back, { op: 'gt-eq', ref, value }, json)
    }
  }
})

// Texts of the reference implementation's TestExpressionParser, on columns of ours.
test('what the reference implementation writes is read', () => {
  const cases: readonly (readonly [string, unknown])[] = [
    ['true', 'true'],
    ['{"type":"literal","value":false}', 'false'],
    ['{"type":"true"}', 'true'],
    ['{"type":"eq","term":"id","value":25}', ['eq', 'id', 25n]],
    ['{"type":"in","term":"id","extra-one":"x","values":[1,2,3]}', ['in', 'id', [1n, 2n, 3n]]],
    ['{"type":"lt-eq","term":"id","value":{"type":"literal","value":50}}', ['lt-eq', 'id', 50n]],
    ['{"type":"lt-eq","term":{"type":"reference","term":"id"},"value":50}', ['lt-eq', 'id', 50n]],
    ['{"type":"not","child":{"type":"gt-eq","term":"i","value":50}}', ['lt', 'i', 50]],
    [
      '{"type":"or","left":{"type":"and","left":{"type":"in","term":"i","values":[50,51]},"right":{"type":"eq","term":"data","value":"test"}},"right":{"type":"is-nan","term":"f"}}',
      ['or', ['and', ['in', 'i', [50, 51]], ['eq', 'data', 'test']], ['is-nan', 'f']],
    ],
    ['{"type":"eq","term":"fixed","value":"010203"}', ['eq', 'fixed', Uint8Array.of(1, 2, 3)]],
    ['{"type":"in","term":"dec","values":["3.14"]}', ['in', 'dec', [31_400_000_000n]]],
    ['{"type":"in","term":"dec","values":["3.14E+4"]}', ['in', 'dec', [314_000_000_000_000n]]],
    ['{"type":"STARTS_WITH","term":"data","value":"crackle"}', ['starts-with', 'data', 'crackle']],
  ]
  for (const [json, expected] of cases) assert.deepEqual(shown(parse(json)), expected, json)
})

test('the newer form of predicates is read', () => {
  const cases: readonly (readonly [string, unknown])[] = [
    ['{"type":"is-null","child":{"type":"reference","name":"data"}}', ['is-null', 'data']],
    ['{"type":"gt","left":{"type":"reference","id":4},"right":7}', ['gt', 'i', 7]],
    [
      '{"type":"eq","left":{"type":"reference","name":"id"},"right":{"type":"literal","value":9007199254740993,"data-type":"long"}}',
      ['eq', 'id', 9007199254740993n],
    ],
    [
      '{"type":"in","child":{"type":"reference","name":"i"},"values":{"type":"literals","values":[1],"data-type":"int"}}',
      ['in', 'i', [1]],
    ],
  ]
  for (const [json, expected] of cases) assert.deepEqual(shown(parse(json)), expected, json)
})

test('literals take the type of what they are compared with', () => {
  assert.deepEqual(literal('id', '9223372036854775807'), ['eq', 'id', 2n ** 63n - 1n])
  assert.deepEqual(literal('date', '"2022-08-14"'), ['eq', 'date', 19218])
  assert.deepEqual(literal('date', '19218'), ['eq', 'date', 19218])
  assert.deepEqual(literal('ts', '"2022-08-14T10:00:00.123456"'), ['eq', 'ts', 1660471200123456n])
  assert.deepEqual(literal('ts', '1660471200123456'), ['eq', 'ts', 1660471200123456n])
  assert.deepEqual(literal('tsz', '"2022-08-14T12:00:00.123456+02:00"'), ['eq', 'tsz', 1660471200123456n])
  assert.deepEqual(literal('nanos', '1660471200123456'), ['eq', 'nanos', 1660471200123456000n])
  assert.deepEqual(literal('time', '"23:59:59.654321"'), ['eq', 'time', 86_399_654_321n])
  assert.deepEqual(literal('bytes', '"0aFF"'), ['eq', 'bytes', Uint8Array.of(10, 255)])
  assert.deepEqual(literal('f', '0.1'), ['eq', 'f', Math.fround(0.1)])
  assert.deepEqual(literal('d', '0.1'), ['eq', 'd', 0.1])
  assert.deepEqual(literal('d', '"-Infinity"'), ['eq', 'd', Number.NEGATIVE_INFINITY])
  assert.deepEqual(literal('dec', '0.25'), ['eq', 'dec', 2_500_000_000n])
  assert.deepEqual(literal('we.ird', '5'), ['eq', 'we.ird', 5])
  // Beyond or between what the column can hold.
  assert.equal(literal('i', '3000000000'), 'false')
  assert.deepEqual(shown(parse('{"type":"lt","term":"i","value":3000000000}')), ['not-null', 'i'])
  assert.deepEqual(shown(parse('{"type":"lt","term":"f","value":1e300}')), ['lt-eq', 'f', 3.4028234663852886e38])
  assert.deepEqual(shown(parse('{"type":"not-in","term":"i","values":[]}')), 'true')
})

test('transforms are terms with a type of their own', () => {
  const json = '{"type":"lt-eq","term":{"type":"transform","transform":"bucket[100]","term":"id"},"value":50}'
  const filter = parse(json)
  assert.deepEqual(filter, {
    op: 'lt-eq',
    ref: {
      column: { fieldId: 1, name: 'id', type: { kind: 'long' } },
      transform: { kind: 'bucket', buckets: 100 },
      type: { kind: 'int' },
    },
    value: 50,
  })
  assert.equal(formatExactJson(encodeScanFilter(filter)), json)
  const day = parse('{"type":"eq","term":{"type":"transform","transform":"day","term":"ts"},"value":"2022-08-14"}')
  assert.deepEqual(shown(day), ['eq', 'ts', 19218])
  const identity = parse('{"type":"eq","term":{"type":"transform","transform":"identity","term":"i"},"value":1}')
  assert.deepEqual(identity, parse('{"type":"eq","term":"i","value":1}'))
})

test('names are found as they are written unless case does not matter', () => {
  assert.throws(() => parse('{"type":"is-null","term":"ID"}'), /there is no column ID/)
  assert.deepEqual(shown(parse('{"type":"is-null","term":"ID"}', false)), ['is-null', 'id'])
})

test('what is no filter is refused, and named', () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['null', /the document is not an object/],
    ['[]', /is not an object/],
    ['{"type":"illegal","term":"id"}', /type is "illegal", which is no operation/],
    ['{"type":"__proto__","term":"id"}', /no operation/],
    ['{"type":"constructor"}', /no operation/],
    ['{"type":"and","left":true}', /right is missing/],
    ['{"type":"not"}', /child is missing/],
    ['{"type":"not","child":{"type":"lt","term":23,"value":1}}', /child.term is not an object/],
    ['{"type":"not-nan","term":"f","value":34.0}', /value is not for the operation not-nan/],
    ['{"type":"lt","term":"id","values":[1]}', /values is not for the operation lt/],
    ['{"type":"lt","term":"id"}', /value is missing/],
    ['{"type":"in","term":"id","value":1,"values":[1]}', /value is not for the operation in/],
    ['{"type":"not-in","term":"id","value":[1]}', /value is not for the operation not-in/],
    ['{"type":"lt","term":"id","left":"id","value":1}', /has both term and left/],
    ['{"type":"eq","term":"nope","value":1}', /there is no column nope/],
    ['{"type":"eq","term":"__proto__","value":1}', /there is no column __proto__/],
    ['{"type":"eq","term":{"type":"reference","id":99},"value":1}', /id is 99, which no column/],
    [
      '{"type":"eq","term":{"type":"apply","function":"f","arguments":[]},"value":1}',
      /"apply", no column or transform/,
    ],
    ['{"type":"eq","term":{"type":"transform","transform":"zorder","term":"id"},"value":1}', /"zorder", no transform/],
    ['{"type":"eq","term":{"type":"transform","transform":"day","term":"id"},"value":1}', /"day", no transform/],
    ['{"type":"eq","term":"id","value":"1"}', /value cannot be compared with column id of type long/],
    ['{"type":"eq","term":"data","value":1}', /cannot be compared with column data of type string/],
    ['{"type":"eq","term":"b","value":0}', /cannot be compared with column b of type boolean/],
    ['{"type":"eq","term":"uuid","value":"1-2"}', /cannot be compared with column uuid/],
    ['{"type":"eq","term":"fixed","value":"0102"}', /cannot be compared with column fixed of type fixed\[3\]/],
    ['{"type":"eq","term":"bytes","value":"0g"}', /cannot be compared with column bytes/],
    ['{"type":"eq","term":"ts","value":"2022-08-14T10:00:00+00:00"}', /cannot be compared with column ts/],
    ['{"type":"eq","term":"dec","value":0.12345678901234567}', /which JSON rounds; write it as text/],
    ['{"type":"eq","term":"id","value":null}', /value is missing/],
    ['{"type":"eq","term":"id","value":{"type":"reference","name":"i"}}', /compare with literals only/],
    ['{"type":"eq","term":"id","value":{"type":"literal","value":1,"data-type":"int"}}', /data-type is int, not that/],
    ['{"type":"is-nan","term":"id"}', /asks column id of type long for NaN/],
    ['{"type":"starts-with","term":"id","value":1}', /which is not text/],
  ]
  for (const [json, message] of cases) {
    assert.throws(
      () => parse(json),
      (error) => error instanceof MoraineError && error.kind === 'invalid-input' && message.test(error.message),
      json,
    )
  }
})

test('a long conjunction is not deeply nested', () => {
  const ref = { column: { fieldId: 1, name: 'id', type: { kind: 'long' } as const }, type: { kind: 'long' } as const }
  const operands = Array.from({ length: 5_000 }, (_, at) => ({ op: 'not-eq' as const, ref, value: BigInt(at) }))
  const json = formatExactJson(encodeScanFilter({ op: 'and', operands }))
  assert.deepEqual(parse(json), { op: 'and', operands })
})
