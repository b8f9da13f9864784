import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import { type TablePropertyKey, tableProperty } from './table-properties.ts'

test('absent properties have their defaults', () => {
  assert.equal(tableProperty({}, 'write.target-file-size-bytes'), 536_870_912)
  assert.equal(tableProperty({}, 'write.parquet.row-group-size-bytes'), 134_217_728)
  assert.equal(tableProperty({}, 'commit.manifest.target-size-bytes'), 8_388_608)
  assert.equal(tableProperty({}, 'commit.manifest.min-count-to-merge'), 100)
  assert.equal(tableProperty({}, 'commit.manifest-merge.enabled'), true)
  assert.equal(tableProperty({}, 'commit.retry.total-timeout-ms'), 1_800_000)
  assert.equal(tableProperty({}, 'history.expire.max-snapshot-age-ms'), 432_000_000)
  assert.equal(tableProperty({}, 'history.expire.max-ref-age-ms'), Number.MAX_SAFE_INTEGER)
  assert.equal(tableProperty({}, 'gc.enabled'), true)
  assert.equal(tableProperty({}, 'write.format.default'), 'parquet')
  assert.equal(tableProperty({}, 'write.data.path'), undefined)
})

test('values are read as the reference implementation reads them', () => {
  assert.equal(tableProperty({ 'gc.enabled': 'FALSE' }, 'gc.enabled'), false)
  assert.equal(tableProperty({ 'write.format.default': 'ORC' }, 'write.format.default'), 'orc')
  assert.equal(tableProperty({ 'commit.retry.num-retries': '+7' }, 'commit.retry.num-retries'), 7)
  assert.equal(
    tableProperty({ 'history.expire.max-ref-age-ms': '9223372036854775807' }, 'history.expire.max-ref-age-ms'),
    Number.MAX_SAFE_INTEGER,
  )
  assert.equal(tableProperty({ 'write.data.path': 's3://b/d' }, 'write.data.path'), 's3://b/d')
})

test('wrong values are refused by key and value', () => {
  const refused = (key: TablePropertyKey, value: string, message: string) =>
    assert.throws(
      () => tableProperty({ [key]: value }, key),
      (error) => isKind(error, 'invalid-input') && error.message === message,
    )
  refused('gc.enabled', 'yes', 'table property gc.enabled is "yes"; set it to true or false, or remove it')
  refused(
    'write.target-file-size-bytes',
    '128MB',
    'table property write.target-file-size-bytes is "128MB"; set it to an integer of at least 1, or remove it',
  )
  refused(
    'commit.retry.num-retries',
    '-1',
    'table property commit.retry.num-retries is "-1"; set it to an integer of at least 0, or remove it',
  )
  refused(
    'write.format.default',
    'csv',
    'table property write.format.default is "csv"; set it to one of parquet, orc, avro, or remove it',
  )
})
