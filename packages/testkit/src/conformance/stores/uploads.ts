import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Stores } from '@moraine/management/store/stores'
import type { EpochMs } from '@moraine/stdx/brand'

export function uploadConformance(stores: () => Stores): void {
  const at = (ms: number) => ms as EpochMs
  const site = {
    fileId: '281474976710655',
    name: 'core "site" ä.xml',
    content: 'PGM+'.repeat(500_000),
    expiresAt: at(100),
  }

  test('an upload is there until it expires, or until too many that expire later are', async () => {
    const { files } = stores()
    const small = (fileId: string, expiresAt: number) => ({
      ...site,
      fileId,
      content: 'eA==',
      expiresAt: at(expiresAt),
    })
    const kept = async (now: number) => {
      const found = await Promise.all([site.fileId, '2', '3', '4'].map((fileId) => files.findFile(fileId, at(now))))
      return found.map((file) => file?.fileId)
    }
    await files.addFile(site, at(0), 2)
    assert.deepEqual(await files.findFile(site.fileId, at(99)), site)
    assert.equal(await files.findFile(site.fileId, at(100)), undefined)
    assert.equal(await files.findFile('2', at(0)), undefined)
    await files.addFile(small('2', 300), at(10), 2)
    assert.deepEqual(await kept(10), [site.fileId, '2', undefined, undefined])
    await files.addFile(small('3', 200), at(20), 2)
    assert.deepEqual(await kept(20), [undefined, '2', '3', undefined])
    await files.addFile(small('4', 400), at(200), 3)
    assert.deepEqual(await kept(20), [undefined, '2', undefined, '4'], 'what has expired is removed')
    assert.deepEqual(await files.findFile('2', at(20)), small('2', 300))
  })
}
