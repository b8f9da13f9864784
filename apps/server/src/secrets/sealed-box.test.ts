import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '@moraine/stdx/random'
import fc from 'fast-check'
import { SECRET_KEY_BYTES, sealedBox } from './sealed-box.ts'

const random = seededRandom(3)
const key = random.bytes(SECRET_KEY_BYTES)
const box = sealedBox(key, random)

test('a text opens with what it was bound to, by the same key, and with nothing else', () => {
  const text = fc.string({ unit: 'grapheme' })
  fc.assert(
    fc.property(text, text, text, (value, bound, other) => {
      const sealed = box.seal(value, bound)
      assert.equal(box.open(sealed, bound), Buffer.from(value).toString())
      assert.equal(sealedBox(key, random).open(sealed, bound), Buffer.from(value).toString())
      if (!Buffer.from(other).equals(Buffer.from(bound))) assert.equal(box.open(sealed, other), undefined)
      assert.equal(sealedBox(random.bytes(SECRET_KEY_BYTES), random).open(sealed, bound), undefined)
      assert.notDeepEqual(box.seal(value, bound), sealed)
    }),
  )
})

test('what was cut or changed anywhere does not open', () => {
  const sealed = box.seal('hunter2', 'list')
  for (let length = 0; length < sealed.length; length += 1) {
    assert.equal(box.open(sealed.subarray(0, length), 'list'), undefined)
    const changed = Buffer.from(sealed)
    changed.writeUInt8(changed.readUInt8(length) ^ 1, length)
    assert.equal(box.open(changed, 'list'), undefined)
  }
  assert.equal(box.open(Buffer.concat([sealed, Buffer.of(0)]), 'list'), undefined)
})
