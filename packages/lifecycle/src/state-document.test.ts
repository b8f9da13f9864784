import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { stateDocument } from './state-document.ts'

test('docs/specs/states.md is what the tables say', () => {
  const file = readFileSync(new URL('../../../docs/specs/states.md', import.meta.url), 'utf8')
  assert.equal(file, stateDocument(), 'run: node scripts/node.mjs --conditions=development scripts/write-states.ts')
})
