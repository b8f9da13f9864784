import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import { findCurrentVersion } from './find-version.ts'

const TABLE = '/wh/db/t'

async function current(files: Readonly<Record<string, string>>) {
  const io = memoryFileIO()
  for (const [name, text] of Object.entries(files)) {
    await io.write(`${TABLE}/metadata/${name}`, new TextEncoder().encode(text))
  }
  return (await findCurrentVersion(io, TABLE))?.location.replace(`${TABLE}/metadata/`, '')
}

const cases: readonly [string, Readonly<Record<string, string>>, string | undefined][] = [
  ['no folder', {}, undefined],
  [
    'the hint, and nothing newer',
    { 'version-hint.text': '2', 'v1.metadata.json': '', 'v2.metadata.json': '' },
    'v2.metadata.json',
  ],
  ['a hint with a line end', { 'version-hint.text': '1\n', 'v1.metadata.json': '' }, 'v1.metadata.json'],
  [
    'a hint that is behind',
    { 'version-hint.text': '1', 'v1.metadata.json': '', 'v2.metadata.json': '', 'v3.metadata.json': '' },
    'v3.metadata.json',
  ],
  ['no hint', { 'v9.metadata.json': '', 'v10.metadata.json': '' }, 'v10.metadata.json'],
  ['a garbled hint', { 'version-hint.text': '1x', 'v4.metadata.json': '' }, 'v4.metadata.json'],
  ['an empty hint', { 'version-hint.text': '', 'v4.metadata.json': '' }, 'v4.metadata.json'],
  ['a hint to a version that is gone', { 'version-hint.text': '3', 'v7.metadata.json': '' }, 'v7.metadata.json'],
  ['a hint beyond the newest', { 'version-hint.text': '99', 'v7.metadata.json': '' }, 'v7.metadata.json'],
  [
    'a gap: what the hint leads to counts, as for Hadoop',
    { 'version-hint.text': '1', 'v1.metadata.json': '', 'v3.metadata.json': '' },
    'v1.metadata.json',
  ],
  [
    'compressed files of both names',
    { 'version-hint.text': '1', 'v1.metadata.json': '', 'v2.gz.metadata.json': '', 'v3.metadata.json.gz': '' },
    'v3.metadata.json.gz',
  ],
  ['a version twice: the plain file counts', { 'v2.gz.metadata.json': '', 'v2.metadata.json': '' }, 'v2.metadata.json'],
  [
    'files that are no versions',
    {
      '00005-0aa.metadata.json': '',
      'v.metadata.json': '',
      'vx.metadata.json': '',
      'v3.metadata.json.crc': '',
      '.v4.metadata.json.crc': '',
      'v2.json': '',
      'dropped-v8-1.json': '',
      'sub/metadata/v6.metadata.json': '',
      'v99999999999.metadata.json': '',
    },
    undefined,
  ],
]

for (const [what, files, expected] of cases) {
  test(`the current version: ${what}`, async () => assert.equal(await current(files), expected))
}

test('a failure of the store is not taken for a table without versions', async () => {
  const io = memoryFileIO()
  const failing = { ...io, read: () => Promise.reject(new Error('no answer')) }
  await assert.rejects(findCurrentVersion(failing, TABLE), /no answer/)
})
