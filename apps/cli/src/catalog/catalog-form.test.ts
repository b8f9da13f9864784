import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CatalogSettingInfo } from '@moraine/api/rest/catalog-register-schemas'
import { changedForm, type FormChange, newForm } from './catalog-form.ts'

const CURRENT: CatalogSettingInfo = {
  name: 'far',
  type: 'rest',
  optimizerGroup: 'default',
  tableFormatList: ['ICEBERG'],
  storageConfig: { 'storage.type': 'Hadoop', 'hive.site': { fileName: 'hive-site.xml', fileUrl: '' } },
  authConfig: { 'auth.type': 'CUSTOM' },
  properties: { uri: 'http://a', token: '******' },
  tableProperties: { 'self-optimizing.quota': '0.5' },
  secretsSet: ['properties/token'],
  version: 3,
}
const NOTHING: FormChange = { properties: {}, storageConfig: {}, authConfig: {}, tableProperties: {}, unset: [] }

test('what is not mentioned stays, secrets and files as they are shown', () => {
  const { name: _, secretsSet: __, ...form } = CURRENT
  assert.deepEqual(changedForm(CURRENT, NOTHING), form)
})

test('values are set, replaced and taken away', () => {
  const change = {
    ...NOTHING,
    group: 'large',
    properties: { uri: 'http://b', warehouse: 'w' },
    unset: ['properties/token', 'tableProperties/self-optimizing.quota'],
  }
  const changed = changedForm(CURRENT, change)
  assert.equal(changed.optimizerGroup, 'large')
  assert.deepEqual(changed.properties, { uri: 'http://b', warehouse: 'w', token: '' })
  assert.deepEqual(changed.tableProperties, { 'self-optimizing.quota': '' })
})

test('a group may be named as a default for tables, too', () => {
  const group = { ...NOTHING, tableProperties: { 'self-optimizing.group': 'large' } }
  assert.equal(changedForm(CURRENT, group).optimizerGroup, 'large')
  assert.equal(changedForm(CURRENT, { ...group, group: 'small' }).optimizerGroup, 'small')
})

test('what is nowhere cannot be taken away, nor can a file', () => {
  const unset = (place: string) => () => changedForm(CURRENT, { ...NOTHING, unset: [place] })
  assert.throws(
    unset('properties/tokn'),
    /has no such setting; it has properties\/uri, properties\/token, storageConfig/,
  )
  assert.throws(unset('token'), /has no such setting/)
  assert.throws(unset('storageConfig/hive.site'), /can be replaced, not taken away/)
})

test('a new catalog is of Iceberg tables unless it is said otherwise', () => {
  assert.deepEqual(newForm('hive', NOTHING).tableFormatList, ['ICEBERG'])
  assert.deepEqual(newForm('hive', { ...NOTHING, formats: ['PAIMON'] }).tableFormatList, ['PAIMON'])
})
