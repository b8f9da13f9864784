import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import fc from 'fast-check'
import { Operator } from 'opendal'
import { checkObjectKey } from './object-key.ts'

function isRefused(key: string): boolean {
  try {
    checkObjectKey(`s3://b/${key}`, key)
    return false
  } catch (error) {
    assert.ok(isKind(error, 'unsupported'))
    return true
  }
}

test('keys that opendal changes are refused', () => {
  for (const key of ['/a', 'a//b', ' a', 'a ', 'a\n', '\u00a0a', 'a\u0085', '\ufffe', 'a\uffffb'])
    assert.ok(isRefused(key), key)
  for (const key of ['', 'a', 'a/', 'a b', 'a /b', 'a/ b', '%20', '__proto__', '\ufeffa'])
    assert.ok(!isRefused(key), key)
})

test('what is accepted, opendal keeps apart', async () => {
  const key = fc
    .string({
      unit: fc.constantFrom('a', '/', ' ', '\t', '\u0085', '\u00a0', '\u2003', '\ufeff', '%', '.'),
      minLength: 1,
      maxLength: 6,
    })
    .filter((text) => !isRefused(text) && !text.endsWith('/'))
  await fc.assert(
    fc.asyncProperty(key, async (name) => {
      const memory = new Operator('memory')
      await memory.write(name, 'x')
      const entries = await memory.list('/', { recursive: true })
      assert.deepEqual(
        entries.map((entry) => entry.path()).filter((path) => !path.endsWith('/')),
        [name],
      )
    }),
  )
})
