import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import { seededRandom } from '@moraine/stdx/random'
import fc from 'fast-check'
import { secretVault } from './secret-vault.ts'

const random = seededRandom(1)
const vault = secretVault(random.bytes(32), random)
const PLACE = { owner: 'catalog far', name: 'properties/token', remedy: 'give it anew' }

test('what is sealed opens as what it was, and looks like nothing of it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (value) => {
      const sealed = vault.seal(PLACE, value)
      assert.equal(vault.open(PLACE, sealed), value)
      assert.notEqual(vault.seal(PLACE, value), sealed)
      if (value.length > 8) assert.ok(!sealed.includes(value))
    }),
  )
})

test('a sealed value of which any bit was changed is refused', () => {
  const sealed = vault.seal(PLACE, 'hunter2')
  const [version = '', key = '', data = ''] = sealed.split('.')
  const bytes = Buffer.from(data, 'base64url')
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const flipped = Buffer.from(bytes)
    flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
    const changed = [version, key, flipped.toString('base64url')].join('.')
    assert.throws(
      () => vault.open(PLACE, changed),
      (error) => isKind(error, 'corrupt'),
      `bit ${bit}`,
    )
  }
  for (const broken of ['', 'v1', sealed.slice(0, -4), `${sealed}=`, `${sealed}.x`, sealed.replace('v1', 'v2')]) {
    assert.throws(
      () => vault.open(PLACE, broken),
      (error) => isKind(error, 'corrupt'),
      broken,
    )
  }
})

test('a sealed value opens nowhere but in its place', () => {
  const sealed = vault.seal(PLACE, 'hunter2')
  for (const other of [
    { ...PLACE, owner: 'catalog near' },
    { ...PLACE, name: 'properties/credential' },
    { ...PLACE, owner: 'catalog far","properties', name: 'token' },
  ]) {
    assert.throws(
      () => vault.open(other, sealed),
      (error) => isKind(error, 'corrupt'),
    )
  }
})

test('another key is told from damage, and both keys are named without being told', () => {
  const key = random.bytes(32)
  const other = secretVault(key, random)
  assert.throws(
    () => other.open(PLACE, vault.seal(PLACE, 'hunter2')),
    (error) =>
      isKind(error, 'permission') &&
      /secret properties\/token of catalog far was sealed with the key [0-9a-f]{12}, .* MORAINE_SECRET_KEY/.test(
        error.message,
      ) &&
      !error.message.includes(Buffer.from(key).toString('hex').slice(0, 12)),
  )
})

test('what an earlier version sealed opens', () => {
  const earlier = secretVault(
    Uint8Array.from({ length: 32 }, (_, at) => at),
    random,
  )
  const sealed = 'v1.0d0dbac53eff.2MwTttpghQ5Qvw2rWgdfvjFiS1WR8A4hrDMZ_5OvSk4B5F_m-Q'
  assert.equal(earlier.open(PLACE, sealed), 'pä$$word')
})
