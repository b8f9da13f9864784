import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CATALOG_FILES } from '@moraine/management/catalogs/catalog-form'
import { CATALOG_FILE_KEYS } from './catalog-files.ts'

test('the files of a catalog are those that the service knows', () => {
  assert.deepEqual([...CATALOG_FILE_KEYS].sort(), Object.keys(CATALOG_FILES).sort())
})
