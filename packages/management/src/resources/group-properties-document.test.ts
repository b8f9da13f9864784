import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { groupPropertiesDocument } from './group-properties-document.ts'

test('docs/specs/group-properties.md is up to date; node scripts/write-group-properties.ts writes it', () => {
  const path = new URL('../../../../docs/specs/group-properties.md', import.meta.url)
  assert.equal(readFileSync(path, 'utf8'), groupPropertiesDocument())
})
