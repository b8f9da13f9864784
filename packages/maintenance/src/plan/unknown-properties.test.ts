import assert from 'node:assert/strict'
import { test } from 'node:test'
import { unknownProperties } from './unknown-properties.ts'

test('a property of ours that nobody reads is named with the one that is meant', () => {
  const properties = {
    'self-optimizing.enabeld': 'false',
    'self-optimizing.minor.trigger.filecount': '3',
    'self-optimizing.moon-phase': 'full',
    'self-optimizing.quota': '1',
    'self-optimizing.filter': 'id > 3',
    'write.target-file-size': '1',
  }
  assert.deepEqual(unknownProperties(properties), [
    { key: 'self-optimizing.enabeld', meant: 'self-optimizing.enabled' },
    { key: 'self-optimizing.minor.trigger.filecount', meant: 'self-optimizing.minor.trigger.file-count' },
    { key: 'self-optimizing.moon-phase' },
  ])
})
