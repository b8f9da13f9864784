import assert from 'node:assert/strict'
import { mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import { makeDirectories } from './make-directories.ts'

async function directoryFor(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'moraine-directories-'))
  t.after(() => rm(directory, { recursive: true }))
  return directory
}

test('makes what is missing, and says where that begins', async (t) => {
  const root = await directoryFor(t)
  assert.equal(await makeDirectories(root), undefined)
  assert.equal(await makeDirectories('/'), undefined)
  assert.equal(await makeDirectories(`${root}/a`), `${root}/a`)
  assert.equal(await makeDirectories(`${root}/a/b/c/d`), `${root}/a/b`)
  assert.equal(await makeDirectories(`${root}/a/b/c/d`), undefined)
  assert.ok((await stat(`${root}/a/b/c/d`)).isDirectory())
  await symlink(`${root}/a`, `${root}/linked`)
  assert.equal(await makeDirectories(`${root}/linked/e/f`), `${root}/linked/e`)
})

test('several may make the same at once', async (t) => {
  const root = await directoryFor(t)
  const paths = Array.from({ length: 8 }, (_, each) => `${root}/a/b/c/${each % 2}`)
  await Promise.all(paths.map(makeDirectories))
  assert.deepEqual(await Promise.all(paths.map(makeDirectories)), Array(8).fill(undefined))
})

test('a file in the way is named', async (t) => {
  const root = await directoryFor(t)
  await writeFile(`${root}/file`, 'x')
  await symlink(`${root}/nowhere`, `${root}/dangling`)
  for (const path of [`${root}/file`, `${root}/file/a`, `${root}/file/a/b`, `${root}/dangling/a`]) {
    await assert.rejects(makeDirectories(path), (error) => {
      return isKind(error, 'invalid-input') && /cannot be made: a part of the path is a file/.test(error.message)
    })
  }
})

test('a file system that takes no directories is given up at once', {
  skip: process.platform !== 'linux',
}, async () => {
  for (const path of ['/proc/moraine', '/proc/moraine/a/b']) {
    await assert.rejects(makeDirectories(path), (error) => {
      return (
        isKind(error, 'invalid-input') && /^the directory \/proc\/moraine cannot be made: ENOENT/.test(error.message)
      )
    })
  }
})
