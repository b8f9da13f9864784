import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Grant, isAllowed, isSeen, type Place, type Role, rolesWith } from './grant.ts'

const grant = (role: Role, place: Place = {}): readonly Grant[] => [{ role, place }]
const ORDERS: Place = { catalog: 'lake', namespace: ['sales', 'eu'], table: 'orders' }

test('a grant holds at its place and below it, and nowhere else', () => {
  for (const place of [{}, { catalog: 'lake' }, { catalog: 'lake', namespace: ['sales'] }, ORDERS]) {
    assert.equal(isAllowed(grant('viewer', place), 'view-table', ORDERS), true, JSON.stringify(place))
  }
  const others: readonly Place[] = [
    { catalog: 'other' },
    { catalog: 'lake', namespace: ['sal'] },
    { catalog: 'lake', namespace: ['sales', 'us'] },
    { catalog: 'lake', namespace: ['sales', 'eu', 'north'] },
    { ...ORDERS, table: 'order' },
    { catalog: 'lake', namespace: ['sales'], table: 'orders' },
  ]
  for (const place of others) {
    assert.equal(isAllowed(grant('admin', place), 'view-table', ORDERS), false, JSON.stringify(place))
  }
  assert.equal(
    isAllowed(grant('editor', ORDERS), 'write-table', { catalog: 'lake', namespace: ['sales', 'eu'] }),
    false,
  )
  assert.equal(isAllowed([], 'view-table', ORDERS), false)
})

test('what leads to a place of a grant is seen, and what is beside it is not', () => {
  const grants = grant('viewer', ORDERS)
  assert.equal(isSeen(grants, { catalog: 'lake' }), true)
  assert.equal(isSeen(grants, { catalog: 'lake', namespace: ['sales'] }), true)
  assert.equal(isSeen(grants, { catalog: 'lake', namespace: ['hr'] }), false)
  assert.equal(isSeen(grants, { catalog: 'other' }), false)
  assert.equal(isSeen(grants, { ...ORDERS, table: 'customers' }), false)
  assert.equal(isAllowed(grants, 'view-table', { catalog: 'lake' }), false)
})

test('each role may do what its name says', () => {
  const may = (role: Role) => ({
    read: isAllowed(grant(role), 'view-table', ORDERS),
    write: isAllowed(grant(role), 'write-table', ORDERS),
    optimize: isAllowed(grant(role), 'manage-table', ORDERS),
    register: isAllowed(grant(role), 'manage-catalog', {}),
    grants: isAllowed(grant(role), 'manage-platform', {}),
  })
  assert.deepEqual(may('viewer'), { read: true, write: false, optimize: false, register: false, grants: false })
  assert.deepEqual(may('editor'), { read: true, write: true, optimize: false, register: false, grants: false })
  assert.deepEqual(may('operator'), { read: true, write: false, optimize: true, register: false, grants: false })
  assert.deepEqual(may('admin'), { read: true, write: true, optimize: true, register: true, grants: true })
})

test('whoever lacks a privilege can be told which roles have it', () => {
  assert.deepEqual(rolesWith('view-table'), ['viewer', 'editor', 'operator', 'admin'])
  assert.deepEqual(rolesWith('write-table'), ['editor', 'admin'])
  assert.deepEqual(rolesWith('manage-platform'), ['admin'])
})
