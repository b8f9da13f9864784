import assert from 'node:assert/strict'
import { test } from 'node:test'
import { later } from '@moraine/stdx/brand'
import { MoraineError } from '@moraine/stdx/error'
import fc from 'fast-check'
import { applyUpdates } from './apply-updates.ts'
import { findInconsistency } from './metadata-consistency.ts'
import type { TableMetadata } from './table-metadata.ts'
import { formatTableMetadata, parseTableMetadata } from './table-metadata-json.ts'
import type { TableUpdate } from './table-update.ts'
import {
  append,
  applied,
  exampleTable,
  id,
  refusal,
  SCHEMA,
  setMain,
  T0,
  UUID,
  withSnapshots,
} from './testing/example-table.ts'

const CREATION: readonly TableUpdate[] = [
  { action: 'assign-uuid', uuid: UUID },
  { action: 'upgrade-format-version', formatVersion: 3 },
  { action: 'add-schema', schema: SCHEMA },
  { action: 'set-current-schema', schemaId: -1 },
  { action: 'add-spec', spec: { fields: [] } },
  { action: 'set-default-spec', specId: -1 },
  { action: 'add-sort-order', sortOrder: { orderId: 0, fields: [] } },
  { action: 'set-default-sort-order', sortOrderId: -1 },
  { action: 'set-location', location: 's3://bucket/t/' },
]

test('a table is created by updates alone', () => {
  assert.deepEqual(applyUpdates(undefined, CREATION, { now: T0 }), {
    formatVersion: 3,
    tableUuid: UUID,
    location: 's3://bucket/t',
    lastSequenceNumber: 0,
    lastUpdatedMs: T0,
    lastColumnId: 3,
    schemas: [SCHEMA],
    currentSchemaId: 0,
    partitionSpecs: [{ specId: 0, fields: [] }],
    defaultSpecId: 0,
    lastPartitionId: 999,
    sortOrders: [{ orderId: 0, fields: [] }],
    defaultSortOrderId: 0,
    properties: {},
    snapshots: [],
    snapshotLog: [],
    metadataLog: [],
    refs: {},
    statistics: [],
    partitionStatistics: [],
    nextRowId: 0n,
    encryptionKeys: [],
  })
})

test('a creation that leaves something out is refused', () => {
  const without = (...actions: readonly TableUpdate['action'][]) =>
    refusal(undefined, ...CREATION.filter((update) => !actions.includes(update.action)))
  assert.match(without('assign-uuid'), /^invalid-input: a table of format version 3 needs a uuid/)
  assert.match(without('set-location'), /^invalid-input: a new table needs a location/)
  assert.match(without('add-schema', 'set-current-schema'), /^invalid-input: the table has no current schema/)
  assert.match(
    without('add-spec', 'set-default-spec'),
    /^invalid-input: the updates contradict each other: default-spec-id is 0, which is not in partition-specs/,
  )
  assert.match(
    without('add-sort-order', 'set-default-sort-order'),
    /default-sort-order-id is 0, which is not in sort-orders/,
  )
  const uuidLater = CREATION.filter((update) => update.action !== 'assign-uuid')
  assert.equal(applyUpdates(undefined, uuidLater, { now: T0, newTableUuid: UUID }).tableUuid, UUID)
})

test('a new table has version 2 unless it asks for another', () => {
  const plain = CREATION.filter((update) => update.action !== 'upgrade-format-version')
  assert.equal(applyUpdates(undefined, plain, { now: T0 }).formatVersion, 2)
  const first: TableUpdate = { action: 'upgrade-format-version', formatVersion: 1 }
  assert.equal(applyUpdates(undefined, [...plain, first], { now: T0 }).formatVersion, 1)
})

test('a uuid is assigned once', () => {
  const table = exampleTable()
  assert.equal(applied(table, [{ action: 'assign-uuid', uuid: UUID.toUpperCase() }]), table)
  assert.equal(
    refusal(table, { action: 'assign-uuid', uuid: 'other' }),
    `invalid-input: cannot assign uuid other: the table is ${UUID}, and caches know it by that`,
  )
})

test('versions only rise', () => {
  const upgraded = applied(exampleTable(1), [{ action: 'upgrade-format-version', formatVersion: 3 }])
  assert.equal(upgraded.formatVersion, 3)
  assert.equal(upgraded.nextRowId, 0n)
  assert.equal(
    refusal(upgraded, { action: 'upgrade-format-version', formatVersion: 2 }),
    'invalid-input: cannot downgrade v3 table to v2',
  )
  const { tableUuid: _, ...old } = exampleTable(1)
  assert.match(refusal(old, { action: 'upgrade-format-version', formatVersion: 2 }), /needs a uuid/)
})

test('updates that change nothing give back the table itself', () => {
  const table = withSnapshots(exampleTable(), 1n)
  const nothing: readonly TableUpdate[] = [
    { action: 'upgrade-format-version', formatVersion: 2 },
    { action: 'add-schema', schema: { ...SCHEMA, schemaId: 9 } },
    { action: 'set-current-schema', schemaId: -1 },
    { action: 'set-current-schema', schemaId: 0 },
    { action: 'set-default-spec', specId: 0 },
    { action: 'set-default-sort-order', sortOrderId: 0 },
    setMain(1n),
    { action: 'remove-snapshot-ref', refName: 'constructor' },
    { action: 'remove-snapshots', snapshotIds: [id(99n)] },
    { action: 'set-location', location: 's3://bucket/db/t/' },
    { action: 'set-properties', updates: { 'write.parquet.compression-codec': 'zstd' } },
    { action: 'remove-properties', removals: ['none'] },
    { action: 'remove-statistics', snapshotId: id(1n) },
    { action: 'remove-partition-statistics', snapshotId: id(1n) },
    { action: 'remove-partition-specs', specIds: [7] },
    { action: 'remove-schemas', schemaIds: [7] },
    { action: 'remove-encryption-key', keyId: 'k' },
  ]
  assert.equal(applied(table, nothing, { baseLocation: 's3://v1.metadata.json' }), table)
  assert.equal(applied(table, []), table)
})

test('properties and location', () => {
  const table = applied(exampleTable(), [
    { action: 'set-properties', updates: { a: '1', b: '2', constructor: '3' } },
    { action: 'remove-properties', removals: ['b', 'write.parquet.compression-codec'] },
    { action: 'set-location', location: 's3://elsewhere/t//' },
  ])
  assert.deepEqual(Object.entries(table.properties), [
    ['a', '1'],
    ['constructor', '3'],
  ])
  assert.equal(table.location, 's3://elsewhere/t')
  assert.match(refusal(table, { action: 'set-location', location: '' }), /empty location/)
})

test('statistics replace those of the same snapshot and go with it', () => {
  const table = withSnapshots(exampleTable(), 1n, 2n)
  const statistics = (path: string) =>
    ({ snapshotId: id(1n), statisticsPath: path, fileSizeBytes: 1, footerSizeBytes: 1, blobs: [] }) as const
  const partitionStatistics = (path: string) =>
    ({ snapshotId: id(1n), statisticsPath: path, fileSizeBytes: 1 }) as const
  const set = applied(table, [
    { action: 'set-statistics', statistics: statistics('a') },
    { action: 'set-statistics', statistics: statistics('b') },
    { action: 'set-partition-statistics', partitionStatistics: partitionStatistics('c') },
    { action: 'set-partition-statistics', partitionStatistics: partitionStatistics('d') },
  ])
  assert.deepEqual(set.statistics, [statistics('b')])
  assert.deepEqual(set.partitionStatistics, [partitionStatistics('d')])
  const removed = applied(set, [
    { action: 'remove-statistics', snapshotId: id(1n) },
    { action: 'remove-partition-statistics', snapshotId: id(1n) },
  ])
  assert.deepEqual([removed.statistics, removed.partitionStatistics], [[], []])
  const expired = applied(set, [{ action: 'remove-snapshots', snapshotIds: [id(1n)] }])
  assert.deepEqual([expired.statistics, expired.partitionStatistics], [[], []])
})

test('encryption keys are known by id', () => {
  const key = { keyId: 'k', encryptedKeyMetadata: 'AA==' }
  const table = applied(exampleTable(3), [
    { action: 'add-encryption-key', encryptionKey: key },
    { action: 'add-encryption-key', encryptionKey: { ...key, encryptedKeyMetadata: 'BB==' } },
  ])
  assert.deepEqual(table.encryptionKeys, [key])
  assert.deepEqual(applied(table, [{ action: 'remove-encryption-key', keyId: 'k' }]).encryptionKeys, [])
})

test('time does not go backwards', () => {
  const table = exampleTable()
  const update: TableUpdate = { action: 'set-properties', updates: { a: '1' } }
  assert.equal(applied(table, [update], { now: later(T0, 5) }).lastUpdatedMs, T0 + 5)
  assert.equal(applied(table, [update], { now: later(T0, -5) }).lastUpdatedMs, T0)
})

test('the metadata log gains the file before, and keeps as many as it may', () => {
  let table = exampleTable()
  for (let version = 0; version < 5; version += 1) {
    table = applied(table, [{ action: 'set-properties', updates: { v: `${version}` } }], {
      baseLocation: `v${version}`,
    })
  }
  assert.deepEqual(
    table.metadataLog.map((entry) => [entry.metadataFile, entry.timestampMs - T0]),
    [0, 1, 2, 3, 4].map((version) => [`v${version}`, version * 1000]),
  )
  const limited = (most: string) =>
    applied(table, [{ action: 'set-properties', updates: { 'write.metadata.previous-versions-max': most } }], {
      baseLocation: 'v5',
    }).metadataLog.map((entry) => entry.metadataFile)
  assert.deepEqual(limited('3'), ['v3', 'v4', 'v5'])
  assert.deepEqual(limited('0'), ['v5'])
  assert.deepEqual(applied(table, append(table, 1n)).metadataLog, table.metadataLog)
  assert.throws(() => limited('many'), /write\.metadata\.previous-versions-max is "many"/)
})

const someId = fc.bigInt(1n, 6n)
const update: fc.Arbitrary<(step: number) => TableUpdate> = fc.oneof(
  someId.map((value) => () => setMain(value)),
  fc.tuple(someId, fc.constantFrom('dev', 'main', 'tag')).map(
    ([value, refName]) =>
      (): TableUpdate => ({
        action: 'set-snapshot-ref',
        refName,
        ref: { snapshotId: id(value), type: refName === 'tag' ? 'tag' : 'branch' },
      }),
  ),
  fc
    .constantFrom('dev', 'main', 'tag')
    .map((refName) => (): TableUpdate => ({ action: 'remove-snapshot-ref', refName })),
  fc.array(someId).map((ids) => (): TableUpdate => ({ action: 'remove-snapshots', snapshotIds: ids.map(id) })),
  fc.tuple(someId, fc.option(someId)).map(
    ([value, parent]) =>
      (step: number): TableUpdate => ({
        action: 'add-snapshot',
        snapshot: {
          snapshotId: id(value),
          ...(parent === null ? {} : { parentSnapshotId: id(parent) }),
          sequenceNumber: step,
          timestampMs: later(T0, step),
          manifests: { kind: 'list', location: 'x' },
          operation: 'append',
          summary: {},
        },
      }),
  ),
)

test('whatever is applied, the table stays consistent and can be written', () => {
  fc.assert(
    fc.property(fc.array(fc.array(update, { maxLength: 4 }), { maxLength: 12 }), (commits) => {
      let table = exampleTable()
      let step = 0
      for (const commit of commits) {
        const updates = commit.map((make) => {
          step += 1
          return make(step)
        })
        try {
          table = applied(table, updates, { baseLocation: `v${step}` })
        } catch (error) {
          assert.ok(error instanceof MoraineError && (error.kind === 'conflict' || error.kind === 'invalid-input'))
        }
        assert.equal(findInconsistency(table), undefined)
        assert.deepEqual(parseTableMetadata(formatTableMetadata(table), 'test'), table)
        const last = table.snapshotLog.at(-1)
        if (table.currentSnapshotId !== undefined) assert.equal(last?.snapshotId, table.currentSnapshotId)
      }
    }),
    { numRuns: 100 },
  )
})

const key = fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor')
const small: fc.Arbitrary<(step: number) => TableUpdate> = fc.oneof(
  update,
  fc.array(fc.tuple(key, fc.constantFrom('1', '2'))).map(
    (entries) => (): TableUpdate => ({
      action: 'set-properties',
      updates: Object.fromEntries(entries),
    }),
  ),
  fc.array(key).map((removals) => (): TableUpdate => ({ action: 'remove-properties', removals })),
  someId.map(
    (value) =>
      (step: number): TableUpdate => ({ action: 'set-statistics', statistics: file(value, step) }),
  ),
  someId.map((value) => (): TableUpdate => ({ action: 'remove-statistics', snapshotId: id(value) })),
  someId.map(
    (value) =>
      (step: number): TableUpdate => ({
        action: 'set-partition-statistics',
        partitionStatistics: file(value, step),
      }),
  ),
  someId.map((value) => (): TableUpdate => ({ action: 'remove-partition-statistics', snapshotId: id(value) })),
  key.map(
    (keyId) =>
      (step: number): TableUpdate => ({
        action: 'add-encryption-key',
        encryptionKey: { keyId, encryptedKeyMetadata: `${step}` },
      }),
  ),
  key.map((keyId) => (): TableUpdate => ({ action: 'remove-encryption-key', keyId })),
)

function file(value: bigint, fileSizeBytes: number) {
  return { snapshotId: id(value), statisticsPath: 'x', fileSizeBytes, footerSizeBytes: 1, blobs: [] }
}

test('many updates in one commit end where they end one by one', () => {
  // What differs by its nature: when it was, and what was current only inside the commit.
  const state = ({ lastUpdatedMs: _, metadataLog: __, snapshotLog: ___, ...metadata }: TableMetadata) => metadata
  fc.assert(
    fc.property(fc.array(small, { maxLength: 40 }), (makers) => {
      const base = exampleTable()
      const made: TableUpdate[] = []
      let oneByOne = base
      for (const [step, make] of makers.entries()) {
        const next = make(step + 1)
        try {
          oneByOne = applied(oneByOne, [next])
          made.push(next)
        } catch (error) {
          assert.ok(error instanceof MoraineError)
        }
      }
      const together = applied(base, made)
      assert.deepEqual(state(together), state(oneByOne))
      assert.deepEqual(Object.keys(together.refs), Object.keys(oneByOne.refs))
      assert.deepEqual(Object.keys(together.properties), Object.keys(oneByOne.properties))
    }),
    { numRuns: 300 },
  )
})

test('what is undone within a commit was never there', () => {
  const table = withSnapshots(exampleTable(), 1n)
  const undone: readonly TableUpdate[] = [
    { action: 'set-properties', updates: { x: '1' } },
    { action: 'remove-properties', removals: ['x'] },
    { action: 'set-statistics', statistics: file(1n, 1) },
    { action: 'remove-statistics', snapshotId: id(1n) },
  ]
  assert.equal(applied(table, undone), table)
})

// Were each to copy or search what the ones before it left, this would take hours.
test('thirty thousand updates of each kind are no more work each than a few', () => {
  const count = 30_000
  const numbers = Array.from({ length: count }, (_, at) => at + 1)
  const updates = numbers.flatMap((n): readonly TableUpdate[] => [
    { action: 'set-properties', updates: { [`k${n}`]: 'v' } },
    { action: 'remove-properties', removals: [`k${n - 5}`] },
    {
      action: 'add-snapshot',
      snapshot: {
        snapshotId: id(BigInt(n)),
        ...(n > 1 && { parentSnapshotId: id(BigInt(n - 1)) }),
        sequenceNumber: n,
        timestampMs: later(T0, n),
        manifests: { kind: 'list', location: 'x' },
        operation: 'append',
        summary: {},
      },
    },
    setMain(BigInt(n)),
    {
      action: 'set-snapshot-ref',
      refName: `t${n}`,
      ref: { snapshotId: id(BigInt(n)), type: 'tag' },
    },
    { action: 'remove-snapshot-ref', refName: `t${n - 1}` },
    { action: 'set-statistics', statistics: file(BigInt(n), n) },
    { action: 'set-partition-statistics', partitionStatistics: file(BigInt(n), n) },
    { action: 'remove-snapshots', snapshotIds: [id(BigInt(n - 2))] },
    { action: 'add-encryption-key', encryptionKey: { keyId: `${n}`, encryptedKeyMetadata: '' } },
    { action: 'remove-encryption-key', keyId: `${n - 1}` },
  ])
  const table = applyUpdates(exampleTable(), updates, { now: later(T0, count) })
  assert.deepEqual(
    table.snapshots.map(({ snapshotId }) => snapshotId),
    [29_999n, 30_000n],
  )
  assert.equal(Object.keys(table.properties).length, Object.keys(exampleTable().properties).length + 5)
  assert.equal(table.statistics.length, 2)
  assert.deepEqual(Object.keys(table.refs), ['main', 't30000'])
})

test('what a change puts into properties is bounded; what is there already stays, and may be made less', () => {
  const table = exampleTable()
  const set = (updates: Record<string, string>): TableUpdate => ({ action: 'set-properties', updates })
  const megabyte = 'x'.repeat(2 ** 20 - 3)
  assert.equal(applied(table, [set({ p01: megabyte })]).properties['p01'], megabyte)
  assert.match(refusal(table, set({ p01: `${megabyte}x` })), /property p01 has more than 1048576 characters/)
  const names = Array.from({ length: 17 }, (_, at) => `p${String(at).padStart(2, '0')}`)
  const fifteen = names.slice(0, 15).map((name) => set({ [name]: megabyte }))
  const full = applied(table, fifteen)
  assert.match(
    refusal(full, set({ p15: megabyte, p16: megabyte })),
    /all properties together have \d+ characters, more than/,
  )
  // Of a table from elsewhere.
  const beyond: TableMetadata = {
    ...table,
    properties: Object.fromEntries([...names.map((name) => [name, megabyte]), ['large', `${megabyte}${megabyte}`]]),
  }
  assert.equal(applied(beyond, [{ action: 'remove-properties', removals: ['p00'] }]).properties['p00'], undefined)
  assert.equal(applied(beyond, [set({ p00: '' })]).properties['p00'], '')
  assert.match(refusal(beyond, set({ more: 'y' })), /all properties together/)
})
