import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import type { SchemaElement } from 'hyparquet'
import {
  dataInput,
  fieldsOf,
  openLab,
  outputRows,
  type RewriteLab,
  schemaOf,
  storedSchema,
  taskOf,
} from './testing/rewrite-lab.ts'

let lab: RewriteLab
before(() => {
  lab = openLab()
})
after(() => lab.close())

const leaf = (
  name: string,
  id: number,
  type: SchemaElement['type'],
  more: Partial<SchemaElement> = {},
): SchemaElement => ({
  name,
  field_id: id,
  ...(type !== undefined && { type }),
  repetition_type: 'OPTIONAL',
  ...more,
})
const UTF8 = { converted_type: 'UTF8' } as const
const group = (
  name: string,
  id: number | undefined,
  children: number,
  more: Partial<SchemaElement> = {},
): SchemaElement => ({
  name,
  ...(id !== undefined && { field_id: id }),
  num_children: children,
  repetition_type: 'OPTIONAL',
  ...more,
})
const repeated = (name: string, children: number) => group(name, undefined, children, { repetition_type: 'REPEATED' })

const OLD: readonly SchemaElement[] = [
  { name: 'table', num_children: 9 },
  leaf('id', 1, 'INT32', { repetition_type: 'REQUIRED' }),
  leaf('x', 2, 'BYTE_ARRAY', UTF8),
  leaf('y', 3, 'BYTE_ARRAY', UTF8),
  group('s', 4, 2),
  leaf('a', 5, 'INT32'),
  leaf('b', 6, 'BYTE_ARRAY', UTF8),
  group('ls', 7, 1, { converted_type: 'LIST' }),
  repeated('list', 1),
  group('element', 8, 1),
  leaf('x', 9, 'INT32'),
  group('m', 10, 1, { converted_type: 'MAP' }),
  repeated('key_value', 2),
  leaf('key', 11, 'BYTE_ARRAY', { ...UTF8, repetition_type: 'REQUIRED' }),
  group('value', 12, 1),
  leaf('v', 13, 'INT32'),
  leaf('dropped', 14, 'DOUBLE'),
  leaf('f', 15, 'FLOAT'),
  leaf('day', 16, 'INT32', { converted_type: 'DATE' }),
]

const OLD_COLUMNS = {
  id: [1, 2, 3, 4],
  x: ['x1', null, 'x3', 'x4'],
  y: ['y1', 'y2', null, 'y4'],
  s: [{ a: 1, b: 'b1' }, null, { a: null, b: null }, { a: -4, b: null }],
  ls: [[{ x: 1 }, null, { x: null }], null, [], [{ x: 2147483647 }]],
  m: [
    [{ key: 'k', value: { v: 1 } }],
    null,
    [],
    [
      { key: 'n', value: null },
      { key: 'o', value: { v: null } },
    ],
  ],
  dropped: [1.5, null, 2, 3],
  f: [0.1, null, -0, Number.NaN],
  day: [0, -1, null, 20_000],
}

const TABLE = schemaOf(
  // Two columns swapped their names.
  [3, 'x', 'string'],
  [2, 'y', 'string'],
  [1, 'id', 'long'],
  [
    4,
    'st',
    {
      kind: 'struct',
      fields: fieldsOf(
        [6, 'bb', 'string'],
        [20, 'c', 'int', { initialDefault: 7 }],
        [5, 'a', 'long'],
        [21, 'd', 'string'],
      ),
    },
  ],
  [
    7,
    'ls',
    {
      kind: 'list',
      elementId: 8,
      elementRequired: false,
      element: { kind: 'struct', fields: fieldsOf([22, 'n', 'int'], [9, 'xx', 'long']) },
    },
  ],
  [
    10,
    'm',
    {
      kind: 'map',
      keyId: 11,
      key: { kind: 'string' },
      valueId: 12,
      valueRequired: false,
      value: { kind: 'struct', fields: fieldsOf([13, 'w', 'long']) },
    },
  ],
  [15, 'f', 'double'],
  [16, 'day', 'timestamp'],
  [23, 'added', 'string', { initialDefault: "it's new" }],
  // Under the name of a column that was dropped.
  [24, 'dropped', 'int'],
)

const plain = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_, item: unknown) =>
      typeof item === 'bigint' ? `${item}n` : Number.isNaN(item) ? 'NaN' : (item ?? null),
    ),
  )

const NEW_ROWS = [
  {
    x: 'y1',
    y: 'x1',
    id: 1n,
    st: { bb: 'b1', c: 7, a: 1n, d: null },
    ls: [{ n: null, xx: 1n }, null, { n: null, xx: null }],
    m: { k: { w: 1n } },
    f: Math.fround(0.1),
    day: 0n,
    added: "it's new",
    dropped: null,
  },
  {
    x: 'y2',
    y: null,
    id: 2n,
    st: null,
    ls: null,
    m: null,
    f: null,
    day: -86_400_000_000n,
    added: "it's new",
    dropped: null,
  },
  {
    x: null,
    y: 'x3',
    id: 3n,
    st: { bb: null, c: 7, a: null, d: null },
    ls: [],
    m: {},
    f: -0,
    day: null,
    added: "it's new",
    dropped: null,
  },
  {
    x: 'y4',
    y: 'x4',
    id: 4n,
    st: { bb: null, c: 7, a: -4n, d: null },
    ls: [{ n: null, xx: 2147483647n }],
    m: { n: null, o: { w: null } },
    f: Number.NaN,
    day: 20_000n * 86_400_000_000n,
    added: "it's new",
    dropped: null,
  },
]

test('columns are found by id at every depth: renamed, reordered, swapped, widened, added, dropped', async () => {
  const path = lab.writeFile('old.parquet', OLD, OLD_COLUMNS)
  const result = await lab.run(taskOf(lab, { schema: TABLE, formatVersion: 3 }, { inputs: [dataInput(path)] }))
  const rows = await outputRows(result)
  assert.deepEqual(plain(rows), plain(NEW_ROWS))
  assert.ok(Object.is(rows[2]?.['f'], -0))
})

test('files of several schemas become one, and what was rewritten is rewritten the same', async () => {
  const old = lab.writeFile('old-again.parquet', OLD, OLD_COLUMNS)
  const first = await lab.run(taskOf(lab, { schema: TABLE, formatVersion: 3 }, { inputs: [dataInput(old)] }))
  const written = first.dataFiles[0]?.filePath ?? ''
  const inputs = [dataInput(old), dataInput(written), dataInput(old)]
  const second = await lab.run(taskOf(lab, { schema: TABLE, formatVersion: 3 }, { inputs }))
  // Files of one shape are read together, in the order in which each shape first occurs.
  assert.deepEqual(plain(await outputRows(second)), plain([...NEW_ROWS, ...NEW_ROWS, ...NEW_ROWS]))
})

test('decimals widen; their values are exact up to 38 digits', async () => {
  const old = await lab.writeSql(
    'decimals.parquet',
    'SELECT * FROM (VALUES (1.25::DECIMAL(9,2), -12345678901234.567::DECIMAL(18,3), 99999999999999999999.9::DECIMAL(21,1)), (NULL, NULL, NULL), (-0.01, 0.001, -0.1)) t(a, b, c)',
    'FIELD_IDS {a: 1, b: 2, c: 3}',
  )
  const decimal = (precision: number, scale: number) => ({ kind: 'decimal', precision, scale }) as const
  const schema = schemaOf([1, 'a', decimal(12, 2)], [2, 'b', decimal(38, 3)], [3, 'c', decimal(38, 1)])
  const result = await lab.run(taskOf(lab, { schema }, { inputs: [dataInput(old)] }))
  const output = result.dataFiles[0]?.filePath ?? ''
  const again = await lab.writeSql(
    'decimal-text.parquet',
    `SELECT a::VARCHAR a, b::VARCHAR b, c::VARCHAR c FROM read_parquet('${output}')`,
  )
  assert.deepEqual(
    (await outputRows({ ...result, dataFiles: [{ ...result.dataFiles[0], filePath: again } as never] })).map((row) =>
      plain(row),
    ),
    [
      { a: '1.25', b: '-12345678901234.567', c: '99999999999999999999.9' },
      { a: null, b: null, c: null },
      { a: '-0.01', b: '0.001', c: '-0.1' },
    ],
  )
  assert.deepEqual(
    storedSchema(output).map(({ precision, scale }) => [precision, scale]),
    [
      [12, 2],
      [38, 3],
      [38, 1],
    ],
  )
})

test('a column that differs from another only in case, a name with no letters, and other odd names survive', async () => {
  const names = ['a', 'A', '', 'a.b', 'say "hi"', '__proto__', 'file_row_number', 'ünï', "it's"]
  const elements = [
    { name: 'table', num_children: names.length + 1 },
    ...names.map((name, at) => leaf(name, at + 1, 'INT32')),
    group('s', 50, 2),
    leaf('n', 51, 'INT32'),
    leaf('N', 52, 'INT32'),
  ]
  const columns: Record<string, unknown[]> = Object.create(null)
  for (const [at, name] of names.entries())
    Object.defineProperty(columns, name, { value: [at, at + 100], enumerable: true })
  columns['s'] = [{ n: 1, N: 2 }, null]
  const path = lab.writeFile('odd.parquet', elements, columns)
  const schema = schemaOf(...names.map((name, at) => [at + 1, name, 'int'] as [number, string, 'int']), [
    50,
    's',
    { kind: 'struct', fields: fieldsOf([51, 'n', 'int'], [52, 'N', 'int']) },
  ])
  const result = await lab.run(taskOf(lab, { schema }, { inputs: [dataInput(path)] }))
  const output = result.dataFiles[0]?.filePath ?? ''
  assert.deepEqual(
    storedSchema(output).map(({ name, field_id }) => [field_id, name]),
    elements.slice(1).map(({ name, field_id }) => [field_id, name]),
  )
  const [first] = await outputRows(result)
  assert.deepEqual(
    names.filter((name) => name !== '__proto__').map((name) => first?.[name]),
    names.flatMap((name, at) => (name === '__proto__' ? [] : [at])),
  )
  assert.deepEqual(first?.['s'], { n: 1, N: 2 })
  // The output has the same names, and is read back as an input.
  const again = await lab.run(taskOf(lab, { schema }, { inputs: [dataInput(output)] }))
  assert.equal(
    again.evidence.kind === 'row-hash' && again.evidence.outputHash,
    result.evidence.kind === 'row-hash' && result.evidence.outputHash,
  )
})

test('a file without field ids is read by the name mapping, and refused without one', async () => {
  const elements = OLD.map((element): SchemaElement => {
    const { field_id, ...rest } = element
    return field_id === 0 ? element : rest
  })
  const path = lab.writeFile('no-ids.parquet', elements, OLD_COLUMNS)
  const nameMapping = JSON.stringify([
    { 'field-id': 1, names: ['id'] },
    { 'field-id': 3, names: ['why', 'y'] },
    { 'field-id': 4, names: ['s'], fields: [{ 'field-id': 5, names: ['a'] }] },
    {
      'field-id': 7,
      names: ['ls'],
      fields: [{ 'field-id': 8, names: ['element'], fields: [{ 'field-id': 9, names: ['x'] }] }],
    },
  ])
  const schema = schemaOf(
    [1, 'id', 'int'],
    [3, 'y', 'string'],
    [4, 's', { kind: 'struct', fields: fieldsOf([5, 'a', 'int'], [6, 'b', 'string']) }],
    [
      7,
      'ls',
      {
        kind: 'list',
        elementId: 8,
        elementRequired: false,
        element: { kind: 'struct', fields: fieldsOf([9, 'x', 'int']) },
      },
    ],
    [2, 'x', 'string'],
  )
  const result = await lab.run(taskOf(lab, { schema, nameMapping }, { inputs: [dataInput(path)] }))
  assert.deepEqual(
    plain(await outputRows(result)),
    plain([
      { id: 1, y: 'y1', s: { a: 1, b: null }, ls: [{ x: 1 }, null, { x: null }], x: null },
      { id: 2, y: 'y2', s: null, ls: null, x: null },
      { id: 3, y: null, s: { a: null, b: null }, ls: [], x: null },
      { id: 4, y: 'y4', s: { a: -4, b: null }, ls: [{ x: 2147483647 }], x: null },
    ]),
  )
  await assert.rejects(
    lab.run(taskOf(lab, { schema }, { inputs: [dataInput(path)] })),
    (error) =>
      isKind(error, 'unsupported') && /no-ids\.parquet has no field ids .* no name mapping/.test(error.message),
  )
  const concat = await lab.run(
    taskOf(
      lab,
      { schema, nameMapping },
      { inputs: [dataInput(path), dataInput(path)], method: { kind: 'concat', reason: '' } },
    ),
  )
  assert.match(concat.method.reason, /columns without field ids/)
})

test('identity partition columns that the file leaves out come from its partition; its own values win', async () => {
  const without = lab.writeFile('without.parquet', [{ name: 'table', num_children: 1 }, leaf('id', 1, 'INT32')], {
    id: [1, 2],
  })
  const withColumn = lab.writeFile(
    'with.parquet',
    [{ name: 'table', num_children: 2 }, leaf('id', 1, 'INT32'), leaf('region', 2, 'BYTE_ARRAY', UTF8)],
    { id: [3, 4], region: ['eu', null] },
  )
  const schema = schemaOf([1, 'id', 'int'], [2, 'region', 'string'], [3, 'day', 'date'])
  const partitionSpecs = [
    {
      specId: 7,
      fields: [
        { fieldId: 1000, sourceIds: [2], name: 'region', transform: { kind: 'identity' as const } },
        { fieldId: 1001, sourceIds: [3], name: 'day', transform: { kind: 'identity' as const } },
        { fieldId: 1002, sourceIds: [1], name: 'id_bucket', transform: { kind: 'bucket' as const, buckets: 4 } },
      ],
    },
  ]
  const result = await lab.run(
    taskOf(
      lab,
      { schema, partitionSpecs },
      { inputs: [dataInput(without), dataInput(withColumn)], specId: 7, partition: ["o'hare", 19_723, 3] },
    ),
  )
  assert.deepEqual(plain(await outputRows(result)), [
    { id: 1, region: "o'hare", day: 19_723 },
    { id: 2, region: "o'hare", day: 19_723 },
    { id: 3, region: 'eu', day: 19_723 },
    { id: 4, region: null, day: 19_723 },
  ])
})

test('what cannot be read as the table wants is refused with file, column and types', async () => {
  const path = lab.writeFile('refused.parquet', OLD, OLD_COLUMNS)
  const refused: [ReturnType<typeof schemaOf>, RegExp][] = [
    [schemaOf([14, 'd', 'int']), /refused\.parquet: column dropped holds DOUBLE, which cannot be read as int/],
    [schemaOf([4, 's', 'string']), /column s holds a struct, which cannot be read as string/],
    [
      schemaOf([1, 'id', { kind: 'list', elementId: 99, elementRequired: false, element: { kind: 'int' } }]),
      /cannot be read as list/,
    ],
    [schemaOf([1, 'id', 'int'], [60, 'v', 'variant']), /columns of type variant cannot be rewritten/],
  ]
  for (const [schema, message] of refused) {
    await assert.rejects(
      lab.run(taskOf(lab, { schema }, { inputs: [dataInput(path)] })),
      (error) => isKind(error, 'unsupported') && message.test(error.message),
      String(message),
    )
  }
  await assert.rejects(
    lab.run(taskOf(lab, { schema: schemaOf([70, 'must', 'int', { required: true }]) }, { inputs: [dataInput(path)] })),
    (error) => isKind(error, 'corrupt') && /has no column must \(field id 70\), which is required/.test(error.message),
  )
})
