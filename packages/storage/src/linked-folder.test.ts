import assert from 'node:assert/strict'
import { mkdir, mkdtemp, realpath, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { seededRandom } from '@moraine/stdx/random'
import { linkedFolder } from './linked-folder.ts'
import { localFileIO } from './local-file-io.ts'

test('a link on the way to a folder is seen, one on the way to the root is not', async (context) => {
  const top = await realpath(await mkdtemp(join(tmpdir(), 'linked-')))
  context.after(() => rm(top, { recursive: true }))
  await mkdir(`${top}/disk/wh/a/t`, { recursive: true })
  await mkdir(`${top}/disk/wh/b`)
  await symlink(`${top}/disk`, `${top}/mounted`)
  await symlink(`${top}/disk/wh/a`, `${top}/disk/wh/b/a`)
  await symlink(`${top}/disk/wh/a/t`, `${top}/disk/wh/b/t`)
  const io = localFileIO(seededRandom(1))
  const victim = `${top}/disk/wh/a/t`
  for (const root of [`${top}/disk/wh`, `${top}/mounted/wh/`]) {
    const find = (folder: string) => linkedFolder(io, `${root.replace(/\/$/, '')}/${folder}`, root)
    assert.equal(await find('a/t'), undefined)
    assert.equal(await find('a/t/'), undefined)
    assert.equal(await find('a/none'), undefined)
    assert.equal(await find('b/a/t'), victim)
    assert.equal(await find('b/t'), victim)
  }
  assert.equal(await linkedFolder(io, `file://${victim}`, undefined), undefined)
  assert.equal(await linkedFolder(io, `${top}/mounted/wh/a/t`, `${top}/disk/wh`), victim)
  assert.equal(await linkedFolder({}, 's3://b/wh/t', 's3://b/wh'), undefined)
})
