import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import { systemRandom } from '@moraine/stdx/random'
import { fileIoConformance, SMALL_SCALE } from '@moraine/testkit/conformance/file-io'
import { localFileIO } from './local-file-io.ts'
import { blockingReads } from './local-reads.ts'
import { isTemporaryName, temporaryPath } from './local-temporary.ts'

const io = localFileIO(systemRandom)
const bytes = new TextEncoder().encode('bytes')

const makeDirectory = () => mkdtemp(join(tmpdir(), 'moraine storage %20 #-'))

async function directoryFor(t: TestContext): Promise<string> {
  const directory = await makeDirectory()
  t.after(() => rm(directory, { recursive: true }))
  return directory
}

const locationsIn = async (prefix: string) => (await Array.fromAsync(io.list(prefix))).map(({ location }) => location)

const WAYS = [
  { name: 'local files as /a', scheme: '', io },
  { name: 'local files as file:///a', scheme: 'file://', io },
  { name: 'local files by calls that block', scheme: '', io: localFileIO(systemRandom, blockingReads()) },
]
for (const { name, scheme, io } of WAYS) {
  const open = async () => {
    const directory = await makeDirectory()
    return { io, root: scheme + directory, dispose: () => rm(directory, { recursive: true }) }
  }
  fileIoConformance(name, open, { ...SMALL_SCALE, listed: 300 })
}

test('a failed write leaves no temporary file', async (t) => {
  const root = await directoryFor(t)
  await mkdir(`${root}/taken`)
  await writeFile(`${root}/file`, 'x')
  for (const createOnly of [false, true]) {
    await assert.rejects(io.write(`${root}/taken`, bytes, { createOnly }), (error) => {
      return isKind(error, 'invalid-input') && error.message.endsWith('/taken cannot be written: it is a directory')
    })
    await assert.rejects(io.write(`${root}/file/below`, bytes, { createOnly }), (error) => {
      return isKind(error, 'invalid-input') && /a part of the path is a file/.test(error.message)
    })
    await assert.rejects(io.write(`${root}/taken/`, bytes, { createOnly }), (error) => isKind(error, 'invalid-input'))
    await assert.rejects(io.write(`${root}/${'n'.repeat(300)}`, bytes, { createOnly }), (error) => {
      return isKind(error, 'invalid-input') && /too long/.test(error.message)
    })
  }
  assert.deepEqual((await readdir(root, { recursive: true })).sort(), ['file', 'taken'])
})

test('temporary files are not listed', async (t) => {
  const root = await directoryFor(t)
  const left = temporaryPath(`${root}/a`, systemRandom)
  await writeFile(left, 'x')
  await writeFile(`${root}/.moraine-1.tmp`, 'x')
  const writer = await io.openWriter(`${root}/sub/b`)
  await writer.write(bytes)
  assert.deepEqual(await locationsIn(`file://${root}/`), [`file://${root}/.moraine-1.tmp`])
  const unfinished = (await readdir(root, { recursive: true })).filter((name) => isTemporaryName(basename(name)))
  assert.equal(unfinished.length, 2)
  assert.match(unfinished.find((name) => name.startsWith('sub')) ?? '', /\/\.moraine-[0-9a-f-]{36}\.tmp$/)
  await writer.close()
  await io.remove([left])
  assert.deepEqual(await readdir(root, { recursive: true }).then((names) => names.sort()), [
    '.moraine-1.tmp',
    'sub',
    'sub/b',
  ])
})

test('symbolic links below a prefix are neither listed nor followed, but can be read', async (t) => {
  const root = await directoryFor(t)
  const outside = await directoryFor(t)
  await io.write(`${outside}/secret`, bytes)
  await io.write(`${root}/table/data/a`, bytes)
  await symlink(outside, `${root}/table/data/link`)
  await symlink(`${outside}/secret`, `${root}/table/data/file-link`)
  await symlink(root, `${root}/table/loop`)
  await symlink(`${root}/table`, `${root}/warehouse`)
  assert.deepEqual(await locationsIn(`${root}/table/`), [`${root}/table/data/a`])
  assert.deepEqual(await locationsIn(`${root}/warehouse/`), [`${root}/warehouse/data/a`])
  assert.deepEqual(await io.read(`${root}/table/data/file-link`), bytes)
  assert.equal((await io.stat(`${root}/table/data/link/secret`))?.sizeBytes, 5)
  await io.remove([`${root}/table/data/file-link`])
  assert.equal(await readFile(`${outside}/secret`, 'utf8'), 'bytes')
})

test('special files are no objects and nothing waits for them', async (t) => {
  const root = await directoryFor(t)
  execFileSync('mkfifo', [`${root}/pipe`])
  await assert.rejects(io.read(`${root}/pipe`), (error) => isKind(error, 'not-found'))
  assert.equal(await io.stat(`${root}/pipe`), undefined)
  assert.deepEqual(await locationsIn(`${root}/`), [])
})

test('other stores are refused, and have no local path', async () => {
  await assert.rejects(io.read('s3://bucket/a'), (error) => isKind(error, 'unsupported'))
  assert.equal(io.localPath?.('s3://bucket/a'), undefined)
  assert.equal(io.localPath?.('file:/a/x%20y'), '/a/x%20y')
})

test('an unreferenced file goes where whoever writes it gives up at the last moment', async (t) => {
  const root = await directoryFor(t)
  const path = `${root}/00001-a.metadata.json`
  const { signal } = new AbortController()
  // From when all of it is there, so that only the wait for the disk is left.
  const isThere = () => statSync(path, { throwIfNoEntry: false })?.size === bytes.length
  Object.defineProperty(signal, 'aborted', { get: isThere })
  await assert.rejects(io.write(path, bytes, { isUnreferenced: true }, signal), (error) => isKind(error, 'aborted'))
  assert.deepEqual(await readdir(root), [])
})

test('an unreferenced file is written under its name, in a new directory too, and replaces none', async (t) => {
  const root = await directoryFor(t)
  const path = `${root}/metadata/00001-a.metadata.json`
  assert.equal(await io.write(path, bytes, { isUnreferenced: true }), 'written')
  assert.equal(await readFile(path, 'utf8'), 'bytes')
  // A store that is asked again, because the answer was lost, writes as ever.
  assert.equal(await io.write(path, new TextEncoder().encode('again'), { isUnreferenced: true }), 'written')
  assert.equal(await readFile(path, 'utf8'), 'again')
  const creating = { isUnreferenced: true, createOnly: true }
  assert.equal(await io.write(path, bytes, creating), 'exists')
  assert.equal(await readFile(path, 'utf8'), 'again')
  const aborted = AbortSignal.abort()
  await assert.rejects(io.write(`${root}/metadata/b`, bytes, { isUnreferenced: true }, aborted))
  await assert.rejects(io.write(`${path}/below`, bytes, { isUnreferenced: true }), (error) => {
    return isKind(error, 'invalid-input') || isKind(error, 'not-found')
  })
  assert.deepEqual(await readdir(root, { recursive: true }), ['metadata', 'metadata/00001-a.metadata.json'])
})
