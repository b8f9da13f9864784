import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import { seededRandom } from '@moraine/stdx/random'
import { localFileIO } from './local-file-io.ts'
import { inLocalFolders } from './local-folders.ts'
import { makeFolders } from './make-folders.ts'

test('folders of this machine are made where files may be written, and nowhere else', async (context) => {
  const root = await mkdtemp(join(tmpdir(), 'moraine-folders-'))
  context.after(() => rm(root, { recursive: true }))
  const io = inLocalFolders(localFileIO(seededRandom(1)), [`${root}/lake`])
  await makeFolders(io, [`${root}/lake/t/data`, `file:${root}/lake/t/metadata`, `${root}/else/t`, 's3://b/t/data'])
  assert.deepEqual(await readdir(root), ['lake'])
  assert.deepEqual((await readdir(`${root}/lake/t`)).sort(), ['data', 'metadata'])
  assert.deepEqual(await Array.fromAsync(io.list(`${root}/lake/`)), [])
  await makeFolders({}, ['s3://b/t/data'])
  await writeFile(`${root}/lake/file`, 'x')
  await assert.rejects(makeFolders(io, [`${root}/lake/file/data`]), (error) => isKind(error, 'invalid-input'))
  await assert.rejects(makeFolders(io, [`${root}/lake/u`], AbortSignal.abort()), (error) => isKind(error, 'aborted'))
  assert.deepEqual((await readdir(`${root}/lake`)).sort(), ['file', 't'])
})
