import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import { checkIdentifier, checkNamespace } from './table-identifier.ts'

test('names of 255 bytes pass, longer ones do not', () => {
  checkIdentifier({ namespace: ['a'.repeat(255)], name: 'é'.repeat(127) })
  assert.throws(() => checkIdentifier({ namespace: ['a'], name: 'é'.repeat(128) }), /longer than 255 bytes/)
  assert.throws(() => checkNamespace(['a', 'b'.repeat(256)]), /longer than 255 bytes/)
})

test('levels that are empty or dots, have control characters or no UTF-8 form are refused', () => {
  for (const bad of ['', '.', '..', '\u0000', 'a\nb', 'a\u001fb', '\u007f', '\udc00']) {
    assert.throws(
      () => checkNamespace(['fine', bad]),
      (error) => isKind(error, 'invalid-input'),
      JSON.stringify(bad),
    )
  }
})
