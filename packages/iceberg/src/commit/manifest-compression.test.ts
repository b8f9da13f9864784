import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import type { TableMetadata } from '../metadata/table-metadata.ts'
import { manifestCompression } from './manifest-compression.ts'

const of = (properties: Record<string, string>) => manifestCompression({ properties } as unknown as TableMetadata)
const CODEC = 'write.manifest.compression-codec'
const LEVEL = 'write.manifest.compression-level'

test('the codecs of the table property, and their levels', () => {
  assert.deepEqual(of({}), { codec: 'deflate', level: 4 })
  assert.deepEqual(of({ [CODEC]: 'GZIP', [LEVEL]: '9' }), { codec: 'deflate', level: 9 })
  assert.deepEqual(of({ [CODEC]: 'zstd' }), { codec: 'zstandard', level: 1 })
  assert.deepEqual(of({ [CODEC]: 'uncompressed' }), { codec: 'null' })
  assert.deepEqual(of({ [CODEC]: 'snappy' }), { codec: 'deflate', level: 4 })
})

test('what is no codec or level is named with its value', () => {
  const names = (key: string, value: string) => (error: unknown) =>
    isKind(error, 'invalid-input') && error instanceof Error && error.message.includes(`${key} is '${value}'`)
  assert.throws(() => of({ [CODEC]: 'lz4' }), names(CODEC, 'lz4'))
  assert.throws(() => of({ [LEVEL]: '10' }), names(LEVEL, '10'))
  assert.throws(() => of({ [LEVEL]: '' }), names(LEVEL, ''))
})
