import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  dataInput,
  fieldsOf,
  openLab,
  outputRows,
  type RewriteLab,
  schemaOf,
  storedRows,
  taskOf,
} from '../testing/rewrite-lab.ts'

let lab: RewriteLab
before(() => {
  lab = openLab()
})
after(() => lab.close())

const SCHEMA = schemaOf(
  [1, 'plain', 'double'],
  [2, 'part', { kind: 'struct', fields: fieldsOf([3, 'x', 'float'], [4, 'note', 'string']) }],
  [5, 'list', { kind: 'list', elementId: 6, elementRequired: false, element: { kind: 'double' } }],
  [
    7,
    'map',
    {
      kind: 'map',
      keyId: 8,
      key: { kind: 'string' },
      valueId: 9,
      valueRequired: false,
      value: { kind: 'double' },
    },
  ],
)
const IDS =
  'FIELD_IDS {plain: 1, part: {__duckdb_field_id: 2, x: 3, note: 4}, list: {__duckdb_field_id: 5, element: 6}, map: {__duckdb_field_id: 7, key: 8, value: 9}}'

/** 300 rows; `signed` goes into one of the places in every third row. */
async function write(
  name: string,
  place: 'plain' | 'part' | 'list' | 'map' | 'none',
  signed = '-0.0',
): Promise<string> {
  const value = (own: typeof place, usual: string) =>
    place === own ? `CASE WHEN i % 3 = 0 THEN ${signed}::DOUBLE ELSE ${usual}::DOUBLE END` : `${usual}::DOUBLE`
  const sql = `SELECT ${value('plain', '1.5')} AS plain, struct_pack(x := (${value('part', '2.5')})::FLOAT, note := 'n') AS part,
    [${value('list', '0')}, NULL] AS list, MAP {'k': ${value('map', '0')}} AS map FROM range(300) r(i)`
  return lab.writeSql(name, sql, `DICTIONARY_SIZE_LIMIT 0, ${IDS}`)
}

for (const place of ['plain', 'part', 'list', 'map'] as const) {
  test(`a rewrite keeps the sign of a zero in ${place}, and says what it took`, async () => {
    const path = await write(`${place}.parquet`, place)
    const result = await lab.run(taskOf(lab, { schema: SCHEMA }, { inputs: [dataInput(path)] }))
    const expected = await storedRows(path)
    assert.ok(holdsNegativeZero(expected))
    // Strict equality tells the two zeros apart.
    assert.deepEqual(await outputRows(result), expected)
    assert.match(result.method.reason, /without dictionaries/)
  })
}

test('a rewrite keeps the sign of a NaN', async () => {
  const path = await write('nan.parquet', 'plain', "(-('nan'::DOUBLE))")
  const result = await lab.run(taskOf(lab, { schema: SCHEMA }, { inputs: [dataInput(path)] }))
  assert.match(result.method.reason, /without dictionaries/)
})

test('where no zero has a sign, dictionaries are used', async () => {
  const path = await write('none.parquet', 'none')
  const result = await lab.run(taskOf(lab, { schema: SCHEMA }, { inputs: [dataInput(path)] }))
  assert.deepEqual(await outputRows(result), await storedRows(path))
  assert.doesNotMatch(result.method.reason, /without dictionaries/)
})

function holdsNegativeZero(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return Object.is(value, -0)
  return Object.values(value).some(holdsNegativeZero)
}
