import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import { seededRandom } from '@moraine/stdx/random'
import { loadSecretKey } from './secret-key.ts'

const root = mkdtempSync(join(tmpdir(), 'moraine-key-'))
after(() => rmSync(root, { recursive: true }))
const directory = () => mkdtempSync(join(root, 'data-'))
const random = seededRandom(2)

test('a key is made at the first start, for its owner alone, and found at the next', async () => {
  const dataDir = directory()
  const made = await loadSecretKey(dataDir, random, {})
  assert.equal(made.length, 32)
  assert.equal(statSync(join(dataDir, 'secret.key')).mode & 0o777, 0o600)
  assert.deepEqual([...(await loadSecretKey(dataDir, random, {}))], [...made])
  assert.notDeepEqual([...(await loadSecretKey(directory(), random, {}))], [...made])
})

test('a key of the environment counts, and no file is made', async () => {
  const dataDir = directory()
  const key = random.bytes(32)
  for (const encoding of ['base64', 'hex'] as const) {
    const text = ` ${Buffer.from(key).toString(encoding)}\n`
    assert.deepEqual([...(await loadSecretKey(dataDir, random, { MORAINE_SECRET_KEY: text }))], [...key])
  }
  assert.throws(() => readFileSync(join(dataDir, 'secret.key')))
})

test('what is no key, or is not secret, is refused with the remedy and without the text', async () => {
  const dataDir = directory()
  const refused = (environment: Record<string, string>, kind: 'invalid-input' | 'permission', text: RegExp) =>
    assert.rejects(
      loadSecretKey(dataDir, random, environment),
      (error) => isKind(error, kind) && text.test(error.message) && !error.message.includes('hunter2'),
    )
  await refused({ MORAINE_SECRET_KEY: 'hunter2' }, 'invalid-input', /MORAINE_SECRET_KEY holds no key: .*openssl rand/)
  writeFileSync(join(dataDir, 'secret.key'), 'hunter2')
  await refused({}, 'permission', /chmod 600/)
  chmodSync(join(dataDir, 'secret.key'), 0o600)
  await refused({}, 'invalid-input', /secret\.key holds no key/)
})
