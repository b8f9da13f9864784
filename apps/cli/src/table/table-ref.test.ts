import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseTableRef } from './table-ref.ts'

test('locations, metadata files and names are told apart', () => {
  assert.deepEqual(parseTableRef('/lake/db/t/'), { kind: 'directory', location: '/lake/db/t' })
  assert.deepEqual(parseTableRef('s3://lake/db/t'), { kind: 'directory', location: 's3://lake/db/t' })
  assert.deepEqual(parseTableRef('file:///t/metadata/v3.metadata.json'), {
    kind: 'metadata-file',
    location: 'file:///t/metadata/v3.metadata.json',
  })
  assert.deepEqual(parseTableRef('v3.gz.metadata.json'), { kind: 'metadata-file', location: 'v3.gz.metadata.json' })
  assert.deepEqual(parseTableRef('.'), { kind: 'directory', location: '.' })
  assert.deepEqual(parseTableRef('cat.db.orders'), { kind: 'identifier', levels: ['cat', 'db', 'orders'] })
})

test('quoted levels keep dots and quotes', () => {
  assert.deepEqual(parseTableRef('db."a.b".`c``d`'), { kind: 'identifier', levels: ['db', 'a.b', 'c`d'] })
  assert.deepEqual(parseTableRef('lake."sla/sh"."../t.metadata.json"'), {
    kind: 'identifier',
    levels: ['lake', 'sla/sh', '../t.metadata.json'],
  })
  assert.deepEqual(parseTableRef('/lake/a"b"/t'), { kind: 'directory', location: '/lake/a"b"/t' })
  assert.deepEqual(parseTableRef('"say ""hi"""'), { kind: 'identifier', levels: ['say "hi"'] })
})

for (const wrong of ['', ' ', 'a..b', 'a.', '.a', '"a', 'a"b']) {
  test(`'${wrong}' is refused`, () => assert.throws(() => parseTableRef(wrong), /the table is empty|is no table name/))
}
