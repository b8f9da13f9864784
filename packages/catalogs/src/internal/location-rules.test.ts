import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import { checkFolder, checkMove, checkPlace, type LocationRules } from './location-rules.ts'
import type { InternalPointer } from './table-pointers.ts'

const OTHERS: readonly InternalPointer[] = ['s3://b/wh/sales/orders', 's3://b/wh/sales/deep/er'].map(
  (location, at) => ({
    kind: 'table',
    catalog: 'lake',
    namespace: ['sales'],
    name: `other-${at}`,
    metadataLocation: `${location}/metadata/00000-x.metadata.json`,
  }),
)
const RULES: LocationRules = {
  warehouse: 's3://b/wh',
  allowsExternal: false,
  findPointerUnder: async (prefixes) =>
    OTHERS.find(({ metadataLocation }) => prefixes.some((prefix) => metadataLocation.startsWith(prefix))),
}
const IDENTIFIER = { namespace: ['sales'], name: 'mine' }

function put(location: string, properties = {}, rules: LocationRules = RULES): Promise<void> {
  return checkMove(rules, { catalog: 'lake', identifier: IDENTIFIER, after: { location, properties } })
}

async function refused(checking: Promise<void>, message: RegExp): Promise<void> {
  await assert.rejects(checking, (error) => {
    assert.ok(isKind(error, 'invalid-input'), String(error))
    assert.match(error.message, message)
    return true
  })
}

test('a table lies in the warehouse, and in no other table', async () => {
  await put('s3://b/wh/sales/mine')
  await put('s3a://b/wh/sales/orders2/')
  await put('s3://b/wh/x=1/é', { 'write.data.path': 's3://b/wh/data', 'write.metadata.path': 's3n://b/wh/x=1/é/meta' })
  for (const [location, why] of [
    ['s3://b/wh', /is the warehouse itself/],
    ['s3://b/wh/', /is the warehouse itself/],
    ['s3://b/wh2/t', /outside of the warehouse s3:\/\/b\/wh; .*allow\.external\.table\.location/],
    ['s3://b/w', /outside/],
    ['s3://c/wh/t', /outside/],
    ['s3://b/wh/../t', /without \. and \.\. segments/],
    ['s3://b/wh/./t', /without/],
    ['s3://b/wh/%2E%2e/t', /"%2E"/],
    ['s3://b/wh/a%2fb', /"%2f"/],
    ['s3://b/wh/t?x', /"\?"/],
    ['s3://b/wh/t#x', /"#"/],
    ['s3://b/wh/a\\b', /engines read differently/],
    ['s3://b/wh/a\nb', /engines read differently/],
    ['s3://b/wh//t', /empty segment/],
    ['file:///etc', /outside/],
    ['/b/wh/t', /outside/],
    ['gs://b/wh/t', /outside/],
    ['wh/t', /neither an absolute path nor a URI/],
    ['', /neither/],
    ['s3://b/wh/sales/orders', /is in, or around, that of another table/],
    ['s3a://b/wh/sales/orders/', /another table/],
    ['s3://b/wh/sales/orders/data', /another table/],
    ['s3n://b/wh/sales/deep/er/data/x', /another table/],
    ['s3://b/wh/sales', /another table/],
    ['s3://b/wh/sales/deep', /another table/],
  ] as const) {
    await refused(put(location), why)
  }
})

test('paths of its files are held to the same', async () => {
  for (const key of ['write.data.path', 'write.object-storage.path', 'write.folder-storage.path']) {
    await refused(put('s3://b/wh/t', { [key]: 's3://c/x' }), new RegExp(`^${key}: .*outside`))
    await refused(put('s3://b/wh/t', { [key]: 's3://b/wh/sales/orders/data' }), /another table/)
    await put('s3://b/wh/t', { [key]: '' })
  }
  await refused(put('s3://b/wh/t', { 'write.metadata.path': 's3://b/wh/u' }), /not in the table's location/)
})

test('a warehouse may be a whole bucket, or a folder of the disk', async () => {
  for (const [warehouse, inside, outside] of [
    ['s3://lake', 's3://lake/db/t', 's3://lake2/t'],
    ['file:///w#1', '/w#1/db/t', '/w#12/t'],
    ['/w', 'file:/w/db/t', '/w2/t'],
  ] as const) {
    const rules = { warehouse, allowsExternal: false }
    await put(inside, {}, rules)
    await refused(put(outside, {}, rules), /outside/)
  }
})

test('outside of the warehouse is allowed where the catalog says so, other tables are not', async () => {
  const rules = { ...RULES, allowsExternal: true, warehouse: 's3://elsewhere/wh' }
  await put('s3://c/t', { 'write.metadata.path': 's3://d/meta' }, rules)
  for (const location of ['s3://b/wh/sales', 's3://b/wh/sales/orders', 's3://b/wh/sales/orders/x']) {
    await refused(put(location, {}, rules), /another table/)
  }
  await refused(put('s3://c/%2e%2e/t', {}, rules), /engines read differently/)
})

test('what stays as it was is not judged, and a table may not spread over what is around it', async () => {
  const before = { location: 's3://old/t', properties: { 'write.data.path': 's3://old/data' } }
  const change = (after: typeof before) => checkMove(RULES, { catalog: 'lake', identifier: IDENTIFIER, before, after })
  await change(before)
  await change({ ...before, location: 's3://b/wh/t', properties: { 'write.data.path': 's3://b/wh/t/data' } })
  await refused(change({ ...before, location: 's3://b/wh/t' }), /write\.data\.path: .*outside/)
  const within = { ...before, location: 's3://b/wh/a/t' }
  await refused(
    checkMove(RULES, {
      catalog: 'lake',
      identifier: IDENTIFIER,
      before: within,
      after: { ...within, location: 's3://b/wh/a' },
    }),
    /around that of the table/,
  )
})

test('a namespace may have all of the warehouse, and nothing of a table', async () => {
  await checkFolder(RULES, 's3://b/wh')
  await checkFolder(RULES, 's3://b/wh/sales')
  await checkFolder(RULES, undefined)
  await refused(checkFolder(RULES, 's3://b/wh/sales/orders'), /lies in that of another table/)
  await refused(checkFolder(RULES, 's3://b/wh/sales/orders/x'), /lies in that/)
  await refused(checkFolder(RULES, 's3://c'), /outside/)
  assert.throws(() => checkPlace(RULES, 'metadata-location', '/etc/passwd'), /^MoraineError: metadata-location: /)
})
