import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseTableMetadata } from '@moraine/iceberg/metadata/table-metadata-json'
import { parseViewMetadata } from '@moraine/iceberg/view/view-metadata-json'
import { isKind, MoraineError } from '@moraine/stdx/error'
import { namedFile } from './rest-route.ts'

const DAMAGED: readonly (string | Uint8Array)[] = ['', '{', '{}', '[]', '{"format-version":1}', new Uint8Array([0xff])]

test('a damaged file is a mistake of the request that names it', async () => {
  for (const parse of [parseTableMetadata, parseViewMetadata]) {
    for (const content of DAMAGED) {
      const work = async () => parse(content, 's3://b/t/v1.metadata.json')
      await assert.rejects(namedFile('s3://b/t/v1.metadata.json', work), (error) => isKind(error, 'invalid-input'))
    }
  }
})

test('what else is damaged is no mistake of the request, whatever its message has in common with the name', async () => {
  for (const location of ['s', 's3://b/t', 's3://b/t/v1.metadata.json']) {
    const other = async () => parseTableMetadata('{', 's3://b/t/v1.metadata.json.old')
    await assert.rejects(namedFile(location, other), (error) => isKind(error, 'corrupt'))
    const row = new MoraineError('corrupt', `the row of ${location} is damaged`)
    await assert.rejects(
      namedFile(location, () => Promise.reject(row)),
      (error) => error === row,
    )
  }
})
