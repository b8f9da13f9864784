import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type CatalogForm, catalogOfForm, formOfCatalog } from './catalog-form.ts'

const groupOf = (form: Partial<CatalogForm>) =>
  formOfCatalog(catalogOfForm('lake', { type: 'filesystem', properties: { warehouse: '/lake' }, ...form }))
    .optimizerGroup

test('the group of a catalog is what the form says of it, or of its tables', () => {
  const tableProperties = { 'self-optimizing.group': 'large' }
  assert.equal(groupOf({}), '')
  assert.equal(groupOf({ optimizerGroup: 'small' }), 'small')
  assert.equal(groupOf({ tableProperties }), 'large')
  assert.equal(groupOf({ optimizerGroup: '', tableProperties }), 'large')
  assert.equal(groupOf({ optimizerGroup: 'small', tableProperties }), 'small')
})
