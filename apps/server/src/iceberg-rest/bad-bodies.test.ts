import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  BAD,
  commit,
  FAILED,
  ID_SCHEMA,
  ILLEGAL,
  LAKE,
  NAMESPACES,
  refusals,
  refused,
  SALES_ORDERS,
  settingProperties,
  startTwoCatalogs,
  TABLES,
  VIEWS,
} from './testing/refusals.ts'

const catalogs = await startTwoCatalogs()
const { ask, state } = catalogs

const POSTS = [
  NAMESPACES,
  TABLES,
  SALES_ORDERS,
  VIEWS,
  `${VIEWS}/v`,
  `${LAKE}/transactions/commit`,
  `${LAKE}/tables/rename`,
  `${LAKE}/views/rename`,
  `${NAMESPACES}/sales/register`,
  `${NAMESPACES}/sales/register-view`,
  `${NAMESPACES}/sales/properties`,
]

refusals(
  catalogs,
  'what is no JSON, or JSON of another kind, is refused everywhere',
  POSTS.flatMap((path) =>
    (
      [
        ['', /no JSON body/],
        ['{', /not valid JSON/],
        ['{"a":NaN}', /not valid JSON/],
        ['{"a":Infinity}', /not valid JSON/],
        ["{'a':1}", /not valid JSON/],
        ['{"a":1}}', /not valid JSON/],
        ['{"a":1,}', /not valid JSON/],
        ['{"a":01}', /not valid JSON/],
        ['\u0000', /not valid JSON/],
        ['['.repeat(100_000), /not valid JSON/],
        ['['.repeat(100_000) + ']'.repeat(100_000), /nested deeper than 256 levels/],
        [`${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`, /nested deeper than 256 levels/],
        ...['null', '[]', '1', '"x"', 'true'].map(
          (text) => [text, /request body: .*is not an object|no JSON body/] as const,
        ),
        ['{}', /is missing|nothing/],
      ] as const
    )
      .filter(([text]) => text !== '{}' || !path.endsWith('/properties'))
      .map(([text, says]) => [path, text, { ...BAD, says }] as const),
  ),
)

refusals(catalogs, 'wrong types are refused by the place at which they stand', [
  [NAMESPACES, { namespace: 'sales' }, { ...BAD, says: /namespace is not a list/ }],
  [NAMESPACES, { namespace: [1] }, { ...BAD, says: /namespace\[0\] is not text/ }],
  [NAMESPACES, { namespace: ['x'], properties: { a: 1 } }, { ...BAD, says: /properties\.a is not text/ }],
  [NAMESPACES, { namespace: ['x'], properties: ['a'] }, { ...BAD, says: /properties is not an object/ }],
  [`${NAMESPACES}/sales/properties`, { updates: { a: null } }, { ...BAD, says: /updates\.a is not text/ }],
  [`${NAMESPACES}/sales/properties`, { removals: 'owner' }, { ...BAD, says: /removals is not a list/ }],
  [TABLES, { name: 7, schema: ID_SCHEMA }, { ...BAD, says: /name is not text/ }],
  [TABLES, { name: 't', schema: [] }, { ...BAD, says: /schema is not an object/ }],
  [TABLES, { name: 't', schema: { ...ID_SCHEMA, fields: {} } }, { ...BAD, says: /schema\.fields/ }],
  [TABLES, { name: 't', schema: ID_SCHEMA, 'stage-create': 'yes' }, { ...BAD, says: /stage-create is neither/ }],
  [TABLES, { name: 't', schema: ID_SCHEMA, location: 1 }, { ...BAD, says: /location is not text/ }],
  [SALES_ORDERS, commit({}), { ...BAD, says: /updates is not a list/ }],
  [SALES_ORDERS, commit([1]), { ...BAD, says: /updates\[0\] is not an object/ }],
  [SALES_ORDERS, commit([{}]), { ...BAD, says: /updates\[0\]\.action is missing/ }],
  [SALES_ORDERS, commit([{ action: ['fly'] }]), { ...BAD, says: /updates\[0\]\.action is not text/ }],
  [SALES_ORDERS, commit([], [{ type: 1 }]), { ...BAD, says: /requirements\[0\]\.type is not text/ }],
  [SALES_ORDERS, commit([{ action: 'fly-to-moon' }]), { ...BAD, says: /updates\[0\]\.action is fly-to-moon/ }],
  [SALES_ORDERS, commit([{ action: '__proto__' }]), { ...BAD, says: /updates\[0\]\.action is __proto__/ }],
  [SALES_ORDERS, commit([{ action: 'constructor' }]), { ...BAD, says: /updates\[0\]\.action is constructor/ }],
  [SALES_ORDERS, commit([], [{ type: 'assert-moon' }]), { ...BAD, says: /requirements\[0\]\.type is assert-moon/ }],
  [SALES_ORDERS, commit([], [{ type: 'toString' }]), { ...BAD, says: /requirements\[0\]\.type/ }],
  [SALES_ORDERS, settingProperties({ a: 1 }), { ...BAD, says: /updates\[0\]\.updates\.a is not text/ }],
  [`${VIEWS}/v`, commit([{ action: 'fly' }]), { ...BAD, says: /updates\[0\]/ }],
  [`${LAKE}/tables/rename`, { source: 'orders', destination: 'x' }, { ...BAD, says: /source is not an object/ }],
  [`${LAKE}/transactions/commit`, { 'table-changes': {} }, { ...BAD, says: /table-changes is not a list/ }],
  [
    TABLES,
    'name=t',
    { status: 415, type: 'BadRequestException', says: /bodies of type text\/csv are not read; send JSON/ },
    { type: 'text/csv' },
  ],
])

const POISONED = { ...BAD, says: /has a key (__proto__|constructor with a prototype); no such key is taken there/ }
refusals(catalogs, 'keys that would make another object of one', [
  [NAMESPACES, '{"namespace":["p"],"__proto__":{"x":1}}', POISONED],
  [NAMESPACES, '{"namespace":["p"],"\\u005f_proto__":"x"}', POISONED],
  [NAMESPACES, '{"namespace":["p"],"constructor":{"prototype":{"x":1}}}', POISONED],
  [NAMESPACES, '{"namespace":["p"],"properties":{"__proto__":{"x":"y"}}}', POISONED],
  [SALES_ORDERS, '{"requirements":[],"updates":[{"__proto__":"x","action":"set-properties","updates":{}}]}', POISONED],
])

test('in properties they are keys like any other, and kept', async () => {
  const { ask } = await startTwoCatalogs()
  const properties = '{"__proto__":"a","constructor":"b"}'
  const made = await ask(NAMESPACES, `{"namespace":["odd"],"properties":${properties}}`)
  assert.equal(made.status, 200, made.text)
  assert.ok(made.text.includes('"__proto__":"a","constructor":"b"'), made.text)
  assert.ok((await ask(`${NAMESPACES}/odd`)).text.includes('"__proto__":"a","constructor":"b"'))
  const set = await ask(
    SALES_ORDERS,
    `{"requirements":[],"updates":[{"action":"set-properties","updates":${properties}}]}`,
  )
  assert.equal(set.status, 200, set.text)
  assert.match((await ask(SALES_ORDERS)).text, /"__proto__":"a","constructor":"b"/)
})

const REF = '"action":"set-snapshot-ref","ref-name":"main","type":"branch"'
const ids = (number: string) => `{"requirements":[],"updates":[{${REF},"snapshot-id":${number}}]}`
refusals(catalogs, 'numbers are 64 bits, exactly', [
  [SALES_ORDERS, ids('9223372036854775808'), { ...BAD, says: /snapshot-id is not an integer of 64 bits/ }],
  [SALES_ORDERS, ids('-9223372036854775809'), { ...BAD, says: /snapshot-id is not an integer of 64 bits/ }],
  [SALES_ORDERS, ids(`1${'0'.repeat(5000)}`), { ...BAD, says: /snapshot-id is not an integer of 64 bits/ }],
  [SALES_ORDERS, ids('1e400'), { ...BAD, says: /snapshot-id is not an integer of 64 bits/ }],
  [SALES_ORDERS, ids('1.5'), { ...BAD, says: /snapshot-id is not an integer of 64 bits/ }],
  [SALES_ORDERS, ids('"1"'), { ...BAD, says: /snapshot-id is not an integer of 64 bits/ }],
  [SALES_ORDERS, ids('9007199254740993'), { ...FAILED, says: /unknown snapshot 9007199254740993/ }],
  [SALES_ORDERS, ids('9223372036854775807'), { ...FAILED, says: /unknown snapshot 9223372036854775807/ }],
  [
    SALES_ORDERS,
    commit([{ action: 'upgrade-format-version', 'format-version': 1e20 }]),
    { ...BAD, says: /format-version/ },
  ],
  [
    SALES_ORDERS,
    commit([{ action: 'upgrade-format-version', 'format-version': 99 }]),
    { status: 406, type: 'UnsupportedOperationException', says: /format version 99/ },
  ],
  [
    SALES_ORDERS,
    commit([{ action: 'set-current-schema', 'schema-id': 2 ** 31 }]),
    { ...BAD, says: /schema-id is not an integer of 32 bits/ },
  ],
  [SALES_ORDERS, commit([{ action: 'set-current-schema', 'schema-id': 9 }]), { ...ILLEGAL, says: /schema 9/ }],
])

test('a body that is not UTF-8 is refused, and says nothing else than was sent', async () => {
  const before = await state()
  for (const path of POSTS) {
    for (const wrong of [[0xff], [0xc3, 0x28], [0xed, 0xa0, 0x80]]) {
      const body = Buffer.concat([Buffer.from('{"name":"'), Buffer.from(wrong), Buffer.from('"}')])
      await refused(path, ask(path, body), { ...BAD, says: /the request body is not UTF-8/ })
    }
  }
  assert.deepEqual(await state(), before)
})

test('a body beyond the limit is refused before it is read, one of megabytes is taken', async () => {
  const before = await state()
  const huge = Buffer.alloc(64 * 1024 * 1024 + 1, ' ')
  await refused('huge', ask(SALES_ORDERS, huge), { status: 413, type: 'BadRequestException', says: /too large/i })
  assert.deepEqual(await state(), before)
  const many = commit(
    Array.from({ length: 5_000 }, (_, at) => ({ action: 'set-properties', updates: { [`p${at}`]: 'x'.repeat(100) } })),
  )
  assert.equal((await ask(`${TABLES}/lines`, many)).status, 200)
})

test('a body that would become far more than was sent is refused before it does', async () => {
  const before = await state()
  const many = { ...BAD, says: /request body has more than 1048576 JSON values/ }
  for (const unit of ['{}', '[]', '1', '""']) {
    const body = `{"updates":[${`${unit},`.repeat(1_100_000)}1]}`
    await refused(`many ${unit}`, ask(SALES_ORDERS, body), many)
  }
  const long = `{"updates":[${'9'.repeat(1_000_000)}]}`
  await refused('long', ask(SALES_ORDERS, long), { ...BAD, says: /an integer of more than 10000 digits/ })
  assert.deepEqual(await state(), before)
})

test('of a key that is given twice the last counts, as JSON has it', async () => {
  const body = `{"name":"first","name":"second","schema":${JSON.stringify(ID_SCHEMA)}}`
  assert.equal((await ask(TABLES, body)).status, 200)
  assert.equal((await ask(`${TABLES}/first`, undefined, { method: 'HEAD' })).status, 404)
  assert.equal((await ask(`${TABLES}/second`, undefined, { method: 'DELETE' })).status, 204)
})
