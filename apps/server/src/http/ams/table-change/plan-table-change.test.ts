import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NewTableBody, TableChangeBody } from '@moraine/api/rest/table-change-schemas'
import { applyUpdates } from '@moraine/iceberg/metadata/apply-updates'
import { checkRequirements } from '@moraine/iceberg/metadata/check-requirements'
import { newTableMetadata } from '@moraine/iceberg/metadata/new-table-metadata'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { formatTransform } from '@moraine/iceberg/partition/transform'
import { checkSchema } from '@moraine/iceberg/schema/check-schema'
import { indexSchema } from '@moraine/iceberg/schema/schema-index'
import { must } from '@moraine/stdx/assert'
import { type EpochMs, later } from '@moraine/stdx/brand'
import { isKind } from '@moraine/stdx/error'
import fc from 'fast-check'
import { planNewTable } from './plan-new-table.ts'
import { planTableChange } from './plan-table-change.ts'

const T0 = 1_000 as EpochMs

const ORDERS: NewTableBody = {
  name: 'orders',
  columns: [
    { name: 'id', type: 'long', required: true, comment: 'key' },
    { name: 'amount', type: 'decimal(12, 2)' },
    { name: 'count', type: 'int' },
    {
      name: 'address',
      type: {
        type: 'struct',
        fields: [
          { name: 'city', type: 'string', doc: 'where' },
          { name: 'zip', type: 'int' },
        ],
      },
    },
    { name: 'tags', type: { type: 'list', element: 'int', 'element-required': true } },
    {
      name: 'lines',
      type: { type: 'map', key: 'string', value: { type: 'struct', fields: [{ name: 'sku', type: 'string' }] } },
    },
    { name: 'ts', type: 'timestamptz' },
    { name: 'region', type: 'string' },
  ],
  identifierFields: ['id'],
  partitionFields: ['region', 'day(ts)'],
  sortOrder: ['ts desc', { source: 'id', transform: 'bucket[4]', nullOrder: 'nulls-last' }],
  properties: { owner: 'me' },
  comment: 'orders of the shop',
}

function created(body: NewTableBody = ORDERS): TableMetadata {
  const { partitionSpec, properties = {}, ...table } = planNewTable(body)
  return newTableMetadata({
    ...table,
    ...(partitionSpec !== undefined && { spec: partitionSpec }),
    properties,
    location: 's3://lake/orders',
    uuid: 'b1946ac9-2492-4d23-9aaf-6b5d2f1e9a3c',
    now: T0,
  })
}

function changed(base: TableMetadata, change: TableChangeBody): TableMetadata {
  const { requirements, updates } = must(planTableChange(base, change), 'a commit')
  assert.deepEqual(checkRequirements(base, requirements), { kind: 'met' })
  return applyUpdates(base, updates, { now: later(base.lastUpdatedMs, 1) })
}

const schemaOf = ({ schemas, currentSchemaId }: TableMetadata) =>
  must(
    schemas.find(({ schemaId }) => schemaId === currentSchemaId),
    'the current schema',
  )
const namesOf = (metadata: TableMetadata) =>
  [...indexSchema(schemaOf(metadata)).fieldsById.values()].map(({ fullName }) => fullName)
const idOf = (metadata: TableMetadata, name: string) =>
  must(indexSchema(schemaOf(metadata)).fieldsByName.get(name)?.[0], name).field.id
const fieldsOf = (metadata: TableMetadata) =>
  must(
    metadata.partitionSpecs.find(({ specId }) => specId === metadata.defaultSpecId),
    'the default spec',
  ).fields.map(({ name, transform, fieldId }) => `${name} ${formatTransform(transform)} ${fieldId}`)

function refuses(change: TableChangeBody, message: RegExp, base = created()): void {
  assert.throws(
    () => planTableChange(base, change),
    (error) => {
      assert.ok(isKind(error, 'invalid-input'), String(error))
      assert.match(error.message, message)
      return true
    },
  )
}

test('a new table has the columns, partitions, order and properties that were asked for', () => {
  const metadata = created()
  assert.deepEqual(namesOf(metadata).slice(0, 8), [
    'id',
    'amount',
    'count',
    'address',
    'address.city',
    'address.zip',
    'tags',
    'tags.element',
  ])
  assert.deepEqual(
    schemaOf(metadata).fields.map(({ id }) => id),
    [1, 2, 3, 4, 5, 6, 7, 8],
  )
  assert.deepEqual(schemaOf(metadata).identifierFieldIds, [1])
  assert.deepEqual(fieldsOf(metadata), ['region identity 1000', 'ts_day day 1001'])
  assert.deepEqual(metadata.sortOrders.find(({ orderId }) => orderId === metadata.defaultSortOrderId)?.fields, [
    { sourceIds: [7], transform: { kind: 'identity' }, direction: 'desc', nullOrder: 'nulls-last' },
    { sourceIds: [1], transform: { kind: 'bucket', buckets: 4 }, direction: 'asc', nullOrder: 'nulls-last' },
  ])
  assert.deepEqual([metadata.properties['owner'], metadata.properties['comment']], ['me', 'orders of the shop'])
  assert.equal(metadata.formatVersion, 2)
  assert.equal(created({ ...ORDERS, formatVersion: 3 }).formatVersion, 3)
})

test('what is wrong with a new table is named by its place', () => {
  const wrong = (body: Partial<NewTableBody>, message: RegExp) =>
    assert.throws(
      () => created({ ...ORDERS, ...body }),
      (error) => isKind(error, 'invalid-input') && message.test(error.message),
    )
  wrong({ columns: [{ name: 'a', type: 'varchar(3)' }] }, /columns\[0\]\.type 'varchar\(3\)' is no type of Iceberg/)
  wrong(
    { columns: [{ name: 'a', type: { type: 'list', element: 'text' } }] },
    /columns\[0\]\.type\.element 'text' is no type/,
  )
  wrong({ columns: [{ name: 'a', type: { type: 'struct', fields: [] } }] }, /type\.fields is empty/)
  wrong(
    {
      columns: [
        { name: 'a', type: 'int' },
        { name: 'a', type: 'int' },
      ],
    },
    /the name a in one struct twice/,
  )
  wrong({ identifierFields: ['ID'] }, /identifierFields\[0\] names the column ID, .*did you mean id/)
  wrong({ partitionFields: ['days(ts)'] }, /partitionFields\[0\] has the transform days/)
  wrong({ partitionFields: ['ts', 'ts'] }, /two partition fields are called ts/)
  wrong({ partitionFields: ['day(amount)'] }, /cannot apply day to amount/)
  wrong({ sortOrder: ['nothing desc'] }, /sortOrder\[0\] names the column nothing/)
  wrong({ properties: { 'format-version': '2' } }, /properties\.format-version is no property/)
  wrong({ properties: { 'self-optimizing.quota': 'much' } }, /self-optimizing\.quota is 'much'/)
})

test('columns are dropped, altered, added and moved in one step, and keep their ids', () => {
  const base = created()
  const next = changed(base, {
    dropColumns: ['amount', 'address.zip'],
    alterColumns: [
      { name: 'count', newName: 'pieces', type: 'long', comment: 'how many', first: true },
      { name: 'address.city', newName: 'town', comment: '' },
      { name: 'tags.element', type: 'long', required: false },
      { name: 'id', required: false },
    ],
    addColumns: [
      { name: 'country', type: 'string', parent: 'address', first: true },
      { name: 'price', type: 'double', parent: 'lines' },
      {
        name: 'note',
        type: { type: 'list', element: { type: 'struct', fields: [{ name: 'x', type: 'int' }] } },
        after: 'id',
      },
    ],
    identifierFields: [],
  })
  assert.deepEqual(namesOf(next), [
    'pieces',
    'id',
    'note',
    'note.element',
    'note.element.x',
    'address',
    'address.country',
    'address.town',
    'tags',
    'tags.element',
    'lines',
    'lines.key',
    'lines.value',
    'lines.value.sku',
    'lines.value.price',
    'ts',
    'region',
  ])
  for (const [now, before] of [
    ['pieces', 'count'],
    ['address.town', 'address.city'],
    ['tags.element', 'tags.element'],
  ] as const) {
    assert.equal(idOf(next, now), idOf(base, before))
  }
  const { fieldsById } = indexSchema(schemaOf(next))
  assert.deepEqual(fieldsById.get(idOf(next, 'pieces'))?.field, {
    id: 3,
    name: 'pieces',
    required: false,
    type: { kind: 'long' },
    doc: 'how many',
  })
  assert.equal(fieldsById.get(idOf(next, 'address.town'))?.field.doc, undefined)
  assert.deepEqual(schemaOf(next).identifierFieldIds, [])
  assert.equal(next.lastColumnId, Math.max(...fieldsById.keys()))
  assert.ok(base.lastColumnId < idOf(next, 'address.country'))
  assert.equal(idOf(next, 'region'), idOf(base, 'region'))
})

test('an id that was dropped does not come back', () => {
  const base = created({
    name: 't',
    columns: [
      { name: 'a', type: 'int' },
      { name: 'b', type: 'int' },
    ],
  })
  const without = changed(base, { dropColumns: ['b'] })
  assert.equal(idOf(changed(without, { addColumns: [{ name: 'b', type: 'int' }] }), 'b'), 3)
})

test('columns do not change in ways that rows do not allow, and the place is named', () => {
  refuses({ dropColumns: ['none'] }, /dropColumns\[0\] names the column none, which the table does not have/)
  refuses({ dropColumns: ['id'] }, /dropColumns drops id, which identifies rows/)
  refuses(
    { dropColumns: ['region'] },
    /dropColumns drops region, which the table is partitioned by; give dropPartitionFields \["region"\] as well/,
  )
  refuses({ dropColumns: ['ts'] }, /dropColumns drops ts, .* give dropPartitionFields \["ts_day"\] as well/)
  refuses(
    { dropColumns: ['ts'], dropPartitionFields: ['ts_day'] },
    /dropColumns drops ts, which the table is sorted by; give another sortOrder as well/,
  )
  refuses({ dropColumns: ['tags.element'] }, /dropColumns\[0\] is tags.element, which is a part of a list/)
  refuses({ dropColumns: ['address.city', 'address.zip'] }, /would leave the struct address without columns/)
  refuses(
    { dropColumns: ['address'], alterColumns: [{ name: 'address.zip', comment: 'x' }] },
    /alterColumns\[0\] alters address.zip, which is dropped/,
  )
  refuses(
    { alterColumns: [{ name: 'id', type: 'int' }] },
    /alterColumns\[0\]\.type cannot make id of type long int; possible are int to long/,
  )
  refuses({ alterColumns: [{ name: 'amount', type: 'decimal(14, 3)' }] }, /cannot make amount/)
  refuses({ alterColumns: [{ name: 'address', type: 'int' }] }, /is for address, which is a struct/)
  refuses(
    { alterColumns: [{ name: 'amount', required: true }] },
    /alterColumns\[0\]\.required is true, but amount is optional/,
  )
  refuses({ alterColumns: [{ name: 'lines.key', type: 'string' }] }, /keys of maps cannot change/)
  refuses({ alterColumns: [{ name: 'ts', newName: 'id' }] }, /would make two columns id in one struct/)
  refuses(
    { alterColumns: [{ name: 'ts', after: 'city' }] },
    /alterColumns\[0\]\.after names city, which is no other column/,
  )
  refuses(
    {
      alterColumns: [
        { name: 'ts', comment: 'a' },
        { name: 'ts', comment: 'b' },
      ],
    },
    /alterColumns\[1\] alters ts a second time/,
  )
  refuses({ addColumns: [{ name: 'x', type: 'int', required: true }] }, /addColumns\[0\]\.required is true/)
  refuses(
    { addColumns: [{ name: 'x', type: 'int', parent: 'tags' }] },
    /addColumns\[0\]\.parent is tags, which has no struct/,
  )
  refuses({ addColumns: [{ name: 'x', type: 'timestamp_ns' }] }, /type timestamp_ns of x needs version 3/)
  refuses({ identifierFields: ['amount'] }, /identifier field amount is optional/)
})

test('partition fields are added and dropped; a field keeps its id, and one that comes again has it again', () => {
  const base = created()
  const next = changed(base, { dropPartitionFields: ['ts_day'], addPartitionFields: ['month(ts)', 'bucket(8, id)'] })
  assert.deepEqual(fieldsOf(next), ['region identity 1000', 'ts_month month 1002', 'id_bucket bucket[8] 1003'])
  const again = changed(next, { addPartitionFields: [{ source: 'ts', transform: 'day', name: 'daily' }] })
  assert.ok(fieldsOf(again).includes('daily day 1001'))
  const renamedSource = changed(base, {
    alterColumns: [{ name: 'region', newName: 'area' }],
    addPartitionFields: ['truncate[2](area)'],
  })
  assert.ok(fieldsOf(renamedSource).includes('area_trunc truncate[2] 1002'))
  refuses({ dropPartitionFields: ['day'] }, /dropPartitionFields\[0\] names day, which is no partition field/)
  refuses({ addPartitionFields: ['region'] }, /addPartitionFields\[0\] is what the partition field region is already/)
  refuses(
    { addPartitionFields: ['bucket[4](id)', 'bucket[8](id)'] },
    /addPartitionFields\[1\] would be called id_bucket/,
  )
})

test('in version 1 a dropped partition field stays as void, and gives up its name', () => {
  const base = created({ ...ORDERS, formatVersion: 1, sortOrder: [] })
  const dropped = changed(base, {
    dropPartitionFields: ['ts_day'],
    addPartitionFields: [{ source: 'id', transform: 'bucket[2]', name: 'ts_day' }],
  })
  assert.deepEqual(fieldsOf(dropped), ['region identity 1000', 'ts_day_1001 void 1001', 'ts_day bucket[2] 1002'])
})

test('fields of partitions and orders are read as people write them, in time whatever is written', () => {
  const order = (text: string) => {
    const { sortOrders } = created({ ...ORDERS, sortOrder: [text] })
    const { sourceIds, transform, direction, nullOrder } = must(sortOrders.at(-1)?.fields[0], text)
    return `${sourceIds} ${formatTransform(transform)} ${direction} ${nullOrder}`
  }
  assert.equal(order('ts'), '7 identity asc nulls-first')
  assert.equal(order(' ts  DESC '), '7 identity desc nulls-last')
  assert.equal(order('ts nulls last'), '7 identity asc nulls-last')
  assert.equal(order('bucket( 4 , id ) desc NULLS FIRST'), '1 bucket[4] desc nulls-first')
  assert.equal(order('Truncate[2]( region )'), '8 truncate[2] asc nulls-first')
  for (const text of [`day(${' '.repeat(9_000)}`, `bucket(4,${' '.repeat(9_000)}`, `a${' '.repeat(9_000)}b`]) {
    refuses({ addPartitionFields: [text] }, /names the column/)
    refuses({ sortOrder: [text] }, /names the column/)
  }
})

test('order, properties, comment and version change; what is as it should be makes no commit', () => {
  const base = created()
  const next = changed(base, {
    sortOrder: [],
    setProperties: { a: '1' },
    removeProperties: ['owner'],
    comment: '',
    formatVersion: 3,
  })
  assert.deepEqual([next.defaultSortOrderId, next.formatVersion], [0, 3])
  assert.deepEqual(next.properties, { 'write.parquet.compression-codec': 'zstd', a: '1' })
  assert.equal(planTableChange(next, { setProperties: { a: '1' }, comment: '', sortOrder: [] }), undefined)
  assert.equal(planTableChange(base, {}), undefined)
  refuses({ setProperties: { a: '1' }, removeProperties: ['a'] }, /removeProperties has a, which is set as well/)
  refuses({ formatVersion: 1 }, /formatVersion is 1, below 2/)
  refuses({ setProperties: { 'self-optimizing.enabled': 'maybe' } }, /'maybe': it must be true or false/)
  refuses({ setProperties: { 'self-optimizing.windows': 'whenever' } }, /window 'whenever'.*Europe\/Berlin/)
})

test('a change rests on what it was planned from, and on nothing else', () => {
  const base = created()
  const types = (change: TableChangeBody) =>
    must(planTableChange(base, change), 'a commit').requirements.map(({ type }) => type)
  assert.deepEqual(types({ setProperties: { a: '1' } }), ['assert-table-uuid'])
  assert.deepEqual(types({ addColumns: [{ name: 'x', type: 'int' }] }), [
    'assert-table-uuid',
    'assert-last-assigned-field-id',
    'assert-current-schema-id',
  ])
  assert.deepEqual(types({ addPartitionFields: ['bucket[2](id)'] }), [
    'assert-table-uuid',
    'assert-current-schema-id',
    'assert-default-spec-id',
    'assert-last-assigned-partition-id',
  ])
  const { requirements } = must(planTableChange(base, { addColumns: [{ name: 'x', type: 'int' }] }), 'a commit')
  const other = changed(base, { addColumns: [{ name: 'y', type: 'int' }] })
  assert.equal(checkRequirements(other, requirements).kind, 'violated')
})

const column = fc.constantFrom('a', 'b', 'c', 'd', 's', 's.x', 's.y', 'l.element', 'm.value')
const place = fc.oneof(
  fc.constant({}),
  fc.constant({ first: true }),
  fc.record({ after: fc.constantFrom('a', 'b', 'c', 'x', 'y') }),
)
const type = fc.constantFrom('int', 'long', 'float', 'double', 'decimal(5, 2)', 'decimal(9, 2)')
const change: fc.Arbitrary<TableChangeBody> = fc.record(
  {
    dropColumns: fc.array(column, { maxLength: 1 }),
    alterColumns: fc.array(
      fc
        .tuple(
          fc.record(
            { name: column, newName: fc.constantFrom('a', 'b', 'e', 'x'), type, required: fc.boolean() },
            { requiredKeys: ['name'] },
          ),
          place,
        )
        .map(([altered, where]) => ({ ...altered, ...where })),
      { maxLength: 1 },
    ),
    addColumns: fc.array(
      fc
        .tuple(
          fc.record(
            { name: fc.constantFrom('a', 'b', 'c', 'd', 'x'), type, parent: fc.constantFrom('s', 'l', 'm') },
            { requiredKeys: ['name', 'type'] },
          ),
          place,
        )
        .map(([added, where]) => ({ ...added, ...where })),
      { maxLength: 1 },
    ),
    addPartitionFields: fc.array(fc.constantFrom('a', 'bucket[3](b)', 'c'), { maxLength: 1 }),
    dropPartitionFields: fc.array(fc.constantFrom('a', 'b_bucket', 'c'), { maxLength: 1 }),
  },
  { requiredKeys: [] },
)

test('whatever is changed, a column keeps its id and a lawful type, and no id is given twice', () => {
  const xy = {
    type: 'struct',
    fields: [
      { name: 'x', type: 'int' },
      { name: 'y', type: 'float' },
    ],
  }
  const start = created({
    name: 't',
    columns: [
      { name: 'a', type: 'int' },
      { name: 'b', type: 'long', required: true },
      { name: 's', type: xy },
      { name: 'l', type: { type: 'list', element: xy } },
      { name: 'm', type: { type: 'map', key: 'string', value: 'float' } },
    ],
    partitionFields: ['a'],
  })
  let made = 0
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 5 }), (changes) => {
      let metadata = start
      for (const each of changes) {
        let next: TableMetadata
        try {
          const commit = planTableChange(metadata, each)
          if (commit === undefined) continue
          next = applyUpdates(metadata, commit.updates, { now: metadata.lastUpdatedMs })
        } catch (error) {
          assert.ok(isKind(error, 'invalid-input'), String(error))
          continue
        }
        made += 1
        checkSchema(schemaOf(next), next.formatVersion)
        const before = indexSchema(schemaOf(metadata)).fieldsById
        for (const [id, { field, parent }] of indexSchema(schemaOf(next)).fieldsById) {
          const known = before.get(id)
          if (known === undefined) {
            assert.ok(id > metadata.lastColumnId, `${field.name} has the id ${id} of a column that was`)
            assert.ok(!field.required)
            continue
          }
          assert.equal(parent?.field.id, known.parent?.field.id)
          assert.ok(known.field.required || !field.required)
          const kinds = `${known.field.type.kind} ${field.type.kind}`
          assert.ok(known.field.type.kind === field.type.kind || ['int long', 'float double'].includes(kinds), kinds)
        }
        metadata = next
      }
    }),
    { numRuns: 1000, seed: 11 },
  )
  assert.ok(made > 300, `only ${made} changes were made`)
})
