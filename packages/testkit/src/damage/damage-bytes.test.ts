import assert from 'node:assert/strict'
import { test } from 'node:test'
import { damageBytes } from './damage-bytes.ts'

const original = new TextEncoder().encode('0123456789'.repeat(20))

test('a seed decides the damage, and the bytes always differ', () => {
  const kinds = new Map<string, number>()
  for (let seed = 0; seed < 1000; seed += 1) {
    const { kind, bytes } = damageBytes(original, seed)
    assert.ok(!Buffer.from(bytes).equals(original), `seed ${seed}`)
    assert.deepEqual(damageBytes(original, seed).bytes, bytes)
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
  }
  assert.deepEqual([...kinds.keys()].sort(), ['bit', 'cut', 'grown', 'stretch', 'zeros'])
  assert.ok((kinds.get('bit') ?? 0) > 400 && (kinds.get('zeros') ?? 0) > 50, JSON.stringify([...kinds]))
})

test('zeros over zeros become a flipped bit', () => {
  const zeros = new Uint8Array(100)
  for (let seed = 0; seed < 200; seed += 1) assert.notDeepEqual(damageBytes(zeros, seed).bytes, zeros)
})

test('the original is left as it is', () => {
  const copy = Uint8Array.from(original)
  for (let seed = 0; seed < 50; seed += 1) damageBytes(original, seed)
  assert.deepEqual(original, copy)
})
