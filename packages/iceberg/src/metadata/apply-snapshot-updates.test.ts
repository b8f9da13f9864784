import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type EpochMs, later } from '@moraine/stdx/brand'
import type { Snapshot, SnapshotRef } from './snapshot.ts'
import type { TableUpdate } from './table-update.ts'
import {
  append,
  applied,
  exampleTable,
  id,
  refusal,
  setMain,
  snapshotOn,
  T0,
  withSnapshots,
} from './testing/example-table.ts'

function add(snapshot: Snapshot): TableUpdate {
  return { action: 'add-snapshot', snapshot }
}

function setRef(refName: string, ref: SnapshotRef): TableUpdate {
  return { action: 'set-snapshot-ref', refName, ref }
}

function logOf(table: ReturnType<typeof exampleTable>): readonly bigint[] {
  return table.snapshotLog.map((entry) => entry.snapshotId)
}

test('an append moves main, the sequence number and the log', () => {
  const base = exampleTable()
  const table = withSnapshots(base, 1n, 2n)
  assert.equal(table.currentSnapshotId, 2n)
  assert.deepEqual(table.refs, { main: { snapshotId: 2n, type: 'branch' } })
  assert.equal(table.lastSequenceNumber, 2)
  assert.deepEqual(table.snapshotLog, [
    { timestampMs: T0 + 1000, snapshotId: 1n },
    { timestampMs: T0 + 2000, snapshotId: 2n },
  ])
  assert.deepEqual(base.snapshots, [])
})

test('a snapshot made from a former state must be made again', () => {
  const table = withSnapshots(exampleTable(), 1n)
  assert.equal(
    refusal(table, add(snapshotOn(table, 2n, { sequenceNumber: 1 }))),
    "conflict: cannot add snapshot 2 with sequence number 1, which is not above the table's last, 1",
  )
  assert.equal(
    refusal(table, add(snapshotOn(table, 2n, { parentSnapshotId: id(7n) }))),
    'conflict: snapshot 2 has the unknown parent 7; it may have expired',
  )
  assert.equal(refusal(table, add(snapshotOn(table, 1n))), 'invalid-input: snapshot 1 is already in the table')
})

test('a snapshot without a parent may replace the table with a number that is not higher', () => {
  const table = withSnapshots(exampleTable(), 1n, 2n)
  const { parentSnapshotId: _, ...replacement } = snapshotOn(table, 3n, { sequenceNumber: 1 })
  const replaced = applied(table, [add(replacement), setMain(3n)])
  assert.equal(replaced.currentSnapshotId, 3n)
  assert.equal(replaced.lastSequenceNumber, 2)
})

test('version 1 has no sequence numbers but may list manifests itself', () => {
  const table = exampleTable(1)
  assert.equal(
    refusal(table, add(snapshotOn(table, 1n, { sequenceNumber: 1 }))),
    'invalid-input: snapshot 1 has sequence number 1; in v1 it must be 0',
  )
  const inline = append(table, 1n, { manifests: { kind: 'inline', locations: ['m.avro'] } })
  assert.equal(applied(table, inline).lastSequenceNumber, 0)
  assert.equal(
    refusal(exampleTable(2), ...append(exampleTable(2), 1n, { manifests: { kind: 'inline', locations: [] } })),
    'invalid-input: snapshot 1 has no manifest list, which v2 requires',
  )
})

test('version 3 hands out row ids once', () => {
  const table = withSnapshots(exampleTable(3), 1n)
  assert.equal(table.nextRowId, 10n)
  assert.equal(applied(table, append(table, 2n, { firstRowId: 10n, addedRows: 0n })).nextRowId, 10n)
  assert.equal(applied(table, append(table, 2n, { firstRowId: 15n, addedRows: 5n })).nextRowId, 20n)
  assert.equal(
    refusal(table, ...append(table, 2n, { firstRowId: 9n })),
    "conflict: cannot add snapshot 2: its first-row-id 9 is behind the table's next, 10",
  )
  const last = 2n ** 63n - 1n
  for (const [firstRowId, addedRows] of [
    [10n, last],
    [last - 1n, 1n],
    [10n, last / 2n],
    [last / 2n + 10n, 0n],
  ] as const) {
    assert.match(
      refusal(table, ...append(table, 2n, { firstRowId, addedRows })),
      /^invalid-input: cannot add snapshot 2: with first-row-id \d+ and added-rows \d+ it takes more than half/,
    )
  }
  assert.equal(applied(table, append(table, 2n, { firstRowId: 10n, addedRows: 2n ** 61n })).nextRowId, 2n ** 61n + 10n)
  const { firstRowId: _, ...without } = snapshotOn(table, 2n)
  assert.match(refusal(table, add(without)), /^invalid-input: cannot add snapshot 2: v3 requires its first-row-id/)
  assert.match(refusal(table, ...append(table, 2n, { addedRows: -1n })), /^invalid-input/)
})

test('a staged snapshot is on no branch', () => {
  const table = withSnapshots(exampleTable(), 1n)
  const staged = applied(table, [add(snapshotOn(table, 2n))])
  assert.equal(staged.currentSnapshotId, 1n)
  assert.deepEqual(logOf(staged), [1n])
  assert.equal(staged.lastSequenceNumber, 2)
})

test('branches and tags', () => {
  const table = applied(withSnapshots(exampleTable(), 1n, 2n), [
    setRef('dev', { snapshotId: id(1n), type: 'branch', minSnapshotsToKeep: 2 }),
    setRef('constructor', { snapshotId: id(1n), type: 'tag', maxRefAgeMs: 5 }),
  ])
  assert.deepEqual(table.refs['dev'], { snapshotId: 1n, type: 'branch', minSnapshotsToKeep: 2 })
  assert.deepEqual(logOf(table), [1n, 2n])
  const removed = applied(table, [{ action: 'remove-snapshot-ref', refName: 'dev' }])
  assert.deepEqual(Object.keys(removed.refs), ['main', 'constructor'])
  const refuse = (name: string, ref: SnapshotRef) => refusal(table, setRef(name, ref))
  assert.equal(
    refuse('dev', { snapshotId: id(9n), type: 'branch' }),
    'conflict: cannot set dev to unknown snapshot 9; it may have expired',
  )
  assert.equal(refuse('main', { snapshotId: id(1n), type: 'tag' }), 'invalid-input: main must be a branch, not a tag')
  assert.match(refuse('t', { snapshotId: id(1n), type: 'tag', minSnapshotsToKeep: 1 }), /those are for branches/)
  assert.match(refuse('t', { snapshotId: id(1n), type: 'tag', maxRefAgeMs: 0 }), /tag t has maxRefAgeMs 0/)
  assert.match(refuse('', { snapshotId: id(1n), type: 'tag' }), /must have a name/)
})

test('a rollback is logged when it is made', () => {
  const table = withSnapshots(exampleTable(), 1n, 2n)
  const back = applied(table, [setMain(1n)])
  assert.equal(back.currentSnapshotId, 1n)
  assert.deepEqual(back.snapshotLog.at(-1), { timestampMs: table.lastUpdatedMs + 1000, snapshotId: 1n })
})

test('without main there is no current snapshot, but its history', () => {
  const table = applied(withSnapshots(exampleTable(), 1n), [{ action: 'remove-snapshot-ref', refName: 'main' }])
  assert.equal(table.currentSnapshotId, undefined)
  assert.ok(!('currentSnapshotId' in table))
  assert.deepEqual(logOf(table), [1n])
})

test('snapshots that were current only inside one commit are not in the log', () => {
  const table = withSnapshots(exampleTable(), 1n)
  const two = snapshotOn(table, 2n)
  const three = snapshotOn(table, 3n, { parentSnapshotId: id(2n), sequenceNumber: 3 })
  assert.deepEqual(logOf(applied(table, [add(two), setMain(2n), add(three), setMain(3n)])), [1n, 3n])
  assert.deepEqual(logOf(applied(table, [add(two), setMain(2n), setMain(1n)])), [1n, 1n])
})

test('a removed snapshot takes the history before it along', () => {
  const table = withSnapshots(exampleTable(), 1n, 2n, 3n)
  const remove = (...ids: bigint[]): TableUpdate => ({ action: 'remove-snapshots', snapshotIds: ids.map(id) })
  assert.deepEqual(logOf(applied(table, [remove(2n)])), [3n])
  assert.deepEqual(logOf(applied(table, [remove(1n)])), [2n, 3n])
  assert.deepEqual(
    applied(table, [remove(1n, 2n)]).snapshots.map((snapshot) => snapshot.snapshotId),
    [3n],
  )
})

test('a snapshot that a branch or tag needs stays', () => {
  const table = applied(withSnapshots(exampleTable(), 1n, 2n), [setRef('v1', { snapshotId: id(1n), type: 'tag' })])
  const remove: TableUpdate = { action: 'remove-snapshots', snapshotIds: [id(1n)] }
  assert.equal(
    refusal(table, remove),
    'conflict: cannot remove snapshot 1: tag v1 needs it; remove or move the tag first',
  )
  assert.match(refusal(table, { action: 'remove-snapshots', snapshotIds: [id(2n)] }), /branch main needs it/)
  const withTag = applied(table, [remove, { action: 'remove-snapshot-ref', refName: 'v1' }])
  assert.deepEqual(Object.keys(withTag.refs), ['main'])
})

test('the log stays in order whatever the clocks of writers say', () => {
  const table = withSnapshots(exampleTable(), 1n)
  const [last] = table.snapshotLog
  assert.ok(last)
  const loggedAt = (timestampMs: EpochMs) =>
    applied(table, append(table, 2n, { timestampMs })).snapshotLog.at(-1)?.timestampMs
  const now = later(table.lastUpdatedMs, 1000)
  assert.equal(loggedAt(later(now, 30_000)), now + 30_000)
  assert.equal(loggedAt(later(now, 3_600_000)), now + 60_000)
  assert.equal(loggedAt(later(last.timestampMs, -30_000)), last.timestampMs - 30_000)
  assert.equal(loggedAt(0 as EpochMs), last.timestampMs - 60_000)
})

test('nothing can be added to a table that is not there yet', () => {
  const snapshot = snapshotOn(exampleTable(), 1n)
  assert.match(refusal(undefined, add(snapshot)), /cannot add a snapshot before a schema/)
})

test('ids and sequence numbers that would leave nothing for others are refused', () => {
  const table = exampleTable()
  assert.match(refusal(table, ...append(table, -1n)), /^invalid-input: cannot add snapshot -1: ids .* are not negative/)
  const last = { sequenceNumber: Number.MAX_SAFE_INTEGER }
  assert.match(refusal(table, ...append(table, 1n, last)), /^invalid-input: .* a jump leaves no numbers/)
  const high = applied(table, append(table, 1n, { sequenceNumber: 2 ** 52 }))
  assert.equal(withSnapshots(high, 2n).lastSequenceNumber, 2 ** 52 + 1)
})
