import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import { findMappedId, parseNameMapping } from './name-mapping.ts'

const EXAMPLE = `[ { "field-id": 1, "names": ["id", "record_id"] },
   { "field-id": 2, "names": ["data", "a.b"] },
   { "names": ["legacy"], "fields": [{ "field-id": 9, "names": ["kept"] }] },
   { "field-id": 3, "names": ["location"], "fields": [
       { "field-id": 4, "names": ["latitude", "lat"] },
       { "field-id": 5, "names": ["longitude", "long"] }
     ] } ]`

test('columns of a file are mapped by their names', () => {
  const mapping = parseNameMapping(EXAMPLE, 'db.t')
  assert.equal(findMappedId(mapping, ['record_id']), 1)
  assert.equal(findMappedId(mapping, ['location', 'lat']), 4)
  assert.equal(findMappedId(mapping, ['a.b']), 2)
  assert.equal(findMappedId(mapping, ['a', 'b']), undefined)
  assert.equal(findMappedId(mapping, ['lat']), undefined)
  assert.equal(findMappedId(mapping, ['legacy']), undefined)
  assert.equal(findMappedId(mapping, ['legacy', 'kept']), 9)
  assert.equal(findMappedId(mapping, []), undefined)
})

test('a broken mapping is named', () => {
  for (const [json, message] of [
    ['{', 'db.t: schema.name-mapping.default is not valid JSON'],
    ['{}', 'db.t: schema.name-mapping.default: the document is not a list'],
    ['[{"names":["a"]},{"names":["a"]}]', 'db.t: schema.name-mapping.default: the document maps the name a twice'],
    ['[{"field-id":"1"}]', 'db.t: schema.name-mapping.default: [0].field-id is not an integer of 32 bits'],
  ] as const) {
    assert.throws(
      () => parseNameMapping(json, 'db.t'),
      (error) => isKind(error, 'corrupt') && error.message === message,
    )
  }
})
