import assert from 'node:assert/strict'
import { test } from 'node:test'
import { misspelledKeys } from './misspelled-keys.ts'

const KNOWN = ['warehouse', 'uri', 's3.access-key-id', 's3.region', 'header.NAME']

test('what is nearly a known key is named with it, what is far from all is left alone', () => {
  const given = [
    'warehous',
    'url',
    's3.acces-key-id',
    'warehouse',
    'header.X-Wherehouse',
    'vendor.flag',
    'ref',
    's3.regoin',
  ]
  assert.deepEqual(misspelledKeys(given, KNOWN), [
    { key: 'warehous', meant: 'warehouse' },
    { key: 'url', meant: 'uri' },
    { key: 's3.acces-key-id', meant: 's3.access-key-id' },
    { key: 's3.regoin', meant: 's3.region' },
  ])
})
