import assert from 'node:assert/strict'
import { test } from 'node:test'
import { T0 } from '@moraine/management/testing/build'
import type { EpochMs } from '@moraine/stdx/brand'
import { isKind } from '@moraine/stdx/error'
import { seededRandom } from '@moraine/stdx/random'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { sealedStores } from './sealed-stores.ts'
import { secretVault } from './secret-vault.ts'

test('the content of an upload is sealed in the database, and opens as that upload alone', async () => {
  const random = seededRandom(5)
  const plain = memoryStores()
  const { files } = sealedStores(plain, secretVault(random.bytes(32), random))
  const expiresAt = (T0 + 1) as EpochMs
  const file = { fileId: '7', name: 'krb.keytab', content: 'aHVudGVyMg==', expiresAt }
  await files.addFile(file, T0, 2)
  assert.deepEqual(await files.findFile('7', T0), file)
  assert.equal(await files.findFile('7', expiresAt), undefined)
  const stored = await plain.files.findFile('7', T0)
  assert.match(stored?.content ?? '', /^v1\./)
  assert.ok(stored)
  await plain.files.addFile({ ...stored, fileId: '8' }, T0, 2)
  await assert.rejects(
    files.findFile('8', T0),
    (error) => isKind(error, 'corrupt') && /upload the file again/.test(error.message),
  )
})
