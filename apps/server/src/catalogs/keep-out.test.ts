import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import { memoryCatalogs } from '@moraine/testkit/memory-stores/memory-catalogs'
import { keepOut } from './keep-out.ts'

async function setUp() {
  const { pointers, drops } = memoryCatalogs()
  await pointers.addNamespace('lake', ['hr'], {})
  const places = ['s3://b/lake/hr/gold', 's3://apart/gold']
  const named = { kind: 'table', catalog: 'lake', namespace: ['hr'], name: 'gold' } as const
  await pointers.addPointer({ ...named, metadataLocation: 's3://b/lake/hr/gold/metadata/1.json', places }, places)
  return keepOut('ext', drops)
}

const refused = (error: unknown) =>
  isKind(error, 'permission') &&
  /as one of catalog ext/.test(error.message) &&
  !/hr\.gold|catalog lake/.test(error.message)

test('tables of others are none in, at or around the places of ours', async () => {
  const { checkTable } = await setUp()
  for (const location of [
    's3://b/lake/hr/gold',
    's3a://b/lake//hr/gold/',
    's3://b/lake/hr/gold/data',
    's3://b/lake',
    's3://apart',
  ]) {
    await assert.rejects(checkTable({ location, properties: {} }), refused, location)
    await assert.rejects(checkTable({ location: 's3://c/t', properties: { 'write.data.path': location } }), refused)
  }
  for (const location of ['s3://b/lake/hr/gold2', 's3://b/lake/hr/gol', 's3://c/lake/hr/gold', 'no location']) {
    await checkTable({ location, properties: { 'write.data.path': '', owner: 's3://b/lake/hr/gold' } })
  }
})

test('files are none in the places of ours', async () => {
  const { checkFiles } = await setUp()
  const own = Array.from({ length: 200 }, (_, at) => `s3://c/t/data/p=${at}/1.parquet`)
  await checkFiles([...own, 's3://b/lake/hr/1.parquet', 'x'])
  for (const file of ['s3://b/lake/hr/gold/1.parquet', 's3n://apart/gold/data/p=1/1.parquet']) {
    const folder = file.slice(0, file.lastIndexOf('/') + 1)
    const named = (error: unknown) =>
      refused(error) && error instanceof Error && error.message.includes(`in ${folder} is`)
    await assert.rejects(checkFiles([...own, file]), named, file)
  }
})
