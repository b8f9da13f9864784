import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checksumFiles } from './checksum-file.ts'

test('checksum files stand beside local files only', () => {
  assert.deepEqual(checksumFiles(['/a/v1.metadata.json', 'file:/b/version-hint.text', 's3://c/v1.metadata.json']), [
    '/a/.v1.metadata.json.crc',
    'file:/b/.version-hint.text.crc',
  ])
})
