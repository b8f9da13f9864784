import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  BAD,
  commit,
  FAILED,
  ID_SCHEMA,
  ILLEGAL,
  LAKE,
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

refusals(catalogs, 'a commit that would take the service seconds is refused', [
  [
    SALES_ORDERS,
    commit(Array.from({ length: 1_001 }, () => ({ action: 'add-schema', schema: ID_SCHEMA }))),
    { ...BAD, says: /updates has 1001 about schemas, specs and orders.*make several commits/ },
  ],
  [
    `${VIEWS}/v`,
    commit(Array.from({ length: 101 }, () => ({ action: 'set-properties', updates: { a: 'b' } }))),
    { ...BAD, says: /updates has 101, more than 100; make several commits/ },
  ],
])

refusals(catalogs, 'requirements that lie change nothing, in no table of a transaction', [
  [
    SALES_ORDERS,
    commit([{ action: 'set-properties', updates: { a: 'b' } }], [{ type: 'assert-create' }]),
    { ...FAILED, says: /exists/ },
  ],
  ...(
    [
      [{ type: 'assert-table-uuid', uuid: '00000000-0000-0000-0000-000000000000' }, /uuid/i],
      [{ type: 'assert-ref-snapshot-id', ref: 'main', 'snapshot-id': 5 }, /main/],
      [{ type: 'assert-last-assigned-field-id', 'last-assigned-field-id': 9 }, /field/],
      [{ type: 'assert-current-schema-id', 'current-schema-id': 9 }, /schema/],
      [{ type: 'assert-last-assigned-partition-id', 'last-assigned-partition-id': 5 }, /partition/],
      [{ type: 'assert-default-spec-id', 'default-spec-id': 9 }, /spec/],
      [{ type: 'assert-default-sort-order-id', 'default-sort-order-id': 9 }, /sort order/],
    ] as const
  ).flatMap(([requirement, says]) => {
    const updates = [{ action: 'set-properties', updates: { a: 'b' } }]
    const change = (name: string, requirements: readonly unknown[]) => ({
      identifier: { namespace: ['sales'], name },
      requirements,
      updates,
    })
    return [
      [SALES_ORDERS, commit(updates, [requirement]), { ...FAILED, says }],
      [
        `${LAKE}/transactions/commit`,
        { 'table-changes': [change('lines', []), change('orders', [requirement])] },
        { ...FAILED, says },
      ],
    ] as const
  }),
  [
    `${LAKE}/transactions/commit`,
    {
      'table-changes': ['lines', 'lines'].map((name) => ({
        identifier: { namespace: ['sales'], name },
        ...settingProperties({ a: 'b' }),
      })),
    },
    { ...ILLEGAL, says: /sales\.lines is in the transaction more than once/ },
  ],
  [
    `${LAKE}/transactions/commit`,
    {
      'table-changes': ['lines', 'none'].map((name) => ({
        identifier: { namespace: ['sales'], name },
        ...settingProperties({ a: 'b' }),
      })),
    },
    { status: 404, type: 'NoSuchTableException', says: /sales\.none/ },
  ],
])

test('a key that was used for another request is refused, whatever differs', async () => {
  const key = '01234567-89ab-4def-8123-456789abcdef'
  assert.equal((await ask(SALES_ORDERS, settingProperties({ first: '1' }), { key })).status, 200)
  const before = await state()
  const reused = { status: 422, type: 'UnprocessableEntityException', says: /used for another request/ }
  await refused('other body', ask(SALES_ORDERS, settingProperties({ first: '2' }), { key }), reused)
  await refused('other table', ask(`${TABLES}/lines`, settingProperties({ first: '1' }), { key }), reused)
  await refused('other query', ask(`${SALES_ORDERS}?purgeRequested=true`, undefined, { key, method: 'DELETE' }), reused)
  await refused('no key', ask(SALES_ORDERS, settingProperties({ x: 'y' }), { key: 'mine' }), {
    ...BAD,
    says: /"mine" is no UUID/,
  })
  assert.equal((await ask(SALES_ORDERS, settingProperties({ first: '1' }), { key: key.toUpperCase() })).status, 200)
  assert.deepEqual(await state(), before)
})
