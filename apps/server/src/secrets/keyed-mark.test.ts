import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nudgeSeal } from '../nudges/nudge-seal.ts'
import { keyedMark } from './keyed-mark.ts'

test('a mark is that of the standard, and holds for its text and key alone', () => {
  // RFC 4231, test case 2.
  const mark = keyedMark(Buffer.from('Jefe'))
  const text = 'what do ya want for nothing?'
  const expected = '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843'
  assert.equal(mark.of(text).toString('hex'), expected)
  const shown = Buffer.from(expected, 'hex')
  assert.ok(mark.isOf(text, shown))
  assert.ok(!mark.isOf(`${text}?`, shown))
  assert.ok(!keyedMark(Buffer.from('jefe')).isOf(text, shown))
  for (let length = 0; length < shown.length; length += 1) {
    assert.ok(!mark.isOf(text, shown.subarray(0, length)))
    const changed = Buffer.from(shown)
    changed.writeUInt8(changed.readUInt8(length) ^ 128, length)
    assert.ok(!mark.isOf(text, changed))
  }
  assert.ok(!mark.isOf(text, Buffer.concat([shown, Buffer.of(0)])))
})

test('what a server of an earlier version has signed is known', () => {
  const seal = nudgeSeal(Uint8Array.from({ length: 32 }, (_, at) => at))
  const signature = '3a2b1d8f566e1df786014ecf258df2a50b9ca6bda29401fa9355644b0a0201a7'
  assert.equal(seal.sign('{"term":7}'), signature)
  assert.ok(seal.verify('{"term":7}', signature))
  assert.ok(!seal.verify('{"term":8}', signature) && !seal.verify('{"term":7}', 'zz'))
})
