import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import {
  CATALOG_FORMATS,
  type CatalogFormat,
  checkMatrix,
  formatsOf,
  METASTORES,
  metastoreType,
  storagesOf,
} from './catalog-matrix.ts'

/** What a running Apache Amoro 0.9 answers. */
const AMORO: readonly (readonly [type: string, formats: string, storages: string])[] = [
  ['ams', 'ICEBERG MIXED_ICEBERG', 'Hadoop S3 OSS'],
  ['hive', 'ICEBERG MIXED_HIVE HUDI PAIMON MIXED_ICEBERG', 'Hadoop'],
  ['filesystem', 'LANCE MIXED_ICEBERG PAIMON ICEBERG', 'S3 Hadoop OSS Local'],
  ['glue', 'ICEBERG MIXED_ICEBERG', 'OSS S3'],
  ['rest', 'ICEBERG MIXED_ICEBERG', 'Hadoop OSS S3'],
  ['custom', 'ICEBERG MIXED_ICEBERG', 'Hadoop OSS S3'],
]

/** What its API refuses, though its catalogs take it. */
const COMPLETED: Readonly<Record<string, readonly CatalogFormat[]>> = { filesystem: ['HUDI'] }
/** Which of its types take the stores for which it has no word. */
const BEYOND = new Set(['ams', 'filesystem', 'rest', 'custom'])

test('types, their formats and their storages are those of Amoro, completed, and jdbc', () => {
  assert.deepEqual(
    METASTORES.map(({ value }) => value),
    [...AMORO.map(([type]) => type), 'jdbc'],
  )
  for (const [type, formats, storages] of AMORO) {
    const more = COMPLETED[type] ?? []
    assert.deepEqual(formatsOf(metastoreType(type)).toSorted(), [...formats.split(' '), ...more].sort(), type)
    const clouds = BEYOND.has(type) ? ['GCS', 'ADLS'] : []
    assert.deepEqual(storagesOf(metastoreType(type)).toSorted(), [...storages.split(' '), ...clouds].sort(), type)
  }
})

test('each cell of the matrix is taken or refused as it says, with what would be taken', () => {
  for (const metastore of METASTORES) {
    for (const storage of storagesOf(metastore)) {
      for (const format of CATALOG_FORMATS) {
        const allowed = metastore.storages[storage]?.includes(format) === true
        const check = () => checkMatrix(metastore, storage, [format])
        if (allowed) assert.deepEqual(check(), { storage, formats: [format] })
        else
          assert.throws(
            check,
            (error) => isKind(error, 'invalid-input') && /tableFormatList.*choose of/.test(error.message),
          )
      }
    }
  }
})

test('folders of an object store may hold tables of Iceberg, as those of HDFS and of this machine do', () => {
  for (const type of ['filesystem', 'hadoop'])
    for (const storage of storagesOf(metastoreType(type)))
      assert.deepEqual(checkMatrix(metastoreType(type), storage, ['ICEBERG']), { storage, formats: ['ICEBERG'] })
})

test('tables of Hudi and Paimon in folders are taken alike', () => {
  for (const type of ['filesystem', 'hadoop'])
    for (const storage of ['Hadoop', 'S3', 'OSS'])
      assert.deepEqual(checkMatrix(metastoreType(type), storage, ['hudi', 'Paimon']).formats, ['HUDI', 'PAIMON'])
})

test('every format is looked at, and words are taken in any case', () => {
  const hive = metastoreType('hive')
  assert.deepEqual(checkMatrix(hive, 'hdfs', ['iceberg', 'Paimon', 'ICEBERG']), {
    storage: 'Hadoop',
    formats: ['ICEBERG', 'PAIMON'],
  })
  assert.throws(() => checkMatrix(hive, 'Hadoop', ['ICEBERG', 'LANCE']), /type hive on Hadoop storage has no 'LANCE'/)
  assert.throws(
    () => checkMatrix(hive, 'S3', ['ICEBERG']),
    /storageConfig.storage.type: type hive has no 'S3'; choose of Hadoop/,
  )
  assert.throws(() => checkMatrix(hive, 'Hadoop', []), /tableFormatList is empty/)
  assert.throws(() => metastoreType('nessie'), /type: there is no catalog type 'nessie'; choose of ams, /)
  assert.equal(metastoreType('hadoop').storages, metastoreType('filesystem').storages)
})
