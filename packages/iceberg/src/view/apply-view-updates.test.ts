import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EpochMs } from '@moraine/stdx/brand'
import { isKind } from '@moraine/stdx/error'
import fc from 'fast-check'
import type { Schema } from '../schema/schema.ts'
import { applyViewUpdates } from './apply-view-updates.ts'
import { violatedViewRequirement } from './check-view-requirements.ts'
import type { ViewMetadata, ViewRepresentation, ViewVersion } from './view-metadata.ts'
import { formatViewMetadata, parseViewMetadata } from './view-metadata-json.ts'
import type { ViewUpdate } from './view-update.ts'
import { decodeViewUpdate, encodeViewUpdate } from './view-update-json.ts'

const NOW = 5_000 as EpochMs
const UUID = 'fa6506c3-7681-40c8-86dc-e36561f83385'

function schemaOf(name: string): Schema {
  return {
    schemaId: 7,
    fields: [{ id: 1, name, required: false, type: { kind: 'long' } }],
    identifierFieldIds: [],
  }
}

function sql(dialect: string, text = 'select 1'): ViewRepresentation {
  return { type: 'sql', sql: text, dialect }
}

function version(fields: Partial<ViewVersion> = {}): ViewVersion {
  return {
    versionId: 1,
    schemaId: -1,
    timestampMs: 1_000 as EpochMs,
    summary: { 'engine-name': 'spark' },
    representations: [sql('spark')],
    defaultNamespace: ['db'],
    ...fields,
  }
}

const CREATION: readonly ViewUpdate[] = [
  { action: 'assign-uuid', uuid: UUID },
  { action: 'set-location', location: 's3://bucket/v/' },
  { action: 'add-schema', schema: schemaOf('a') },
  { action: 'add-view-version', viewVersion: version() },
  { action: 'set-current-view-version', viewVersionId: -1 },
]

function applied(base: ViewMetadata | undefined, ...updates: readonly ViewUpdate[]): ViewMetadata {
  return applyViewUpdates(base, updates, { now: NOW })
}

function created(): ViewMetadata {
  return applied(undefined, ...CREATION)
}

function replaced(base: ViewMetadata, text: string, ...updates: readonly ViewUpdate[]): ViewMetadata {
  const viewVersion = version({ schemaId: 0, representations: [sql('spark', text)], timestampMs: NOW })
  return applied(
    base,
    ...updates,
    { action: 'add-view-version', viewVersion },
    { action: 'set-current-view-version', viewVersionId: -1 },
  )
}

function refusal(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (isKind(error, 'invalid-input')) return error.message
    throw error
  }
  return 'not refused'
}

test('a view is created by updates alone', () => {
  assert.deepEqual(created(), {
    viewUuid: UUID,
    location: 's3://bucket/v',
    currentVersionId: 1,
    versions: [version({ schemaId: 0 })],
    versionLog: [{ timestampMs: 1_000, versionId: 1 }],
    schemas: [{ ...schemaOf('a'), schemaId: 0 }],
    properties: {},
  })
})

test('a new version becomes current, and the log tells when', () => {
  const next = replaced(created(), 'select 2')
  assert.equal(next.currentVersionId, 2)
  assert.deepEqual(
    next.versions.map(({ versionId }) => versionId),
    [1, 2],
  )
  assert.deepEqual(next.versionLog.at(-1), { timestampMs: NOW, versionId: 2 })
})

test('a version that the view has is not added again, and can be made current again', () => {
  const base = created()
  assert.equal(replaced(base, 'select 1'), base)
  const back = replaced(replaced(base, 'select 2'), 'select 1')
  assert.deepEqual([back.currentVersionId, back.versions.length], [1, 2])
  assert.deepEqual(
    back.versionLog.map(({ versionId }) => versionId),
    [1, 2, 1],
  )
})

test('updates that change nothing give the same value', () => {
  const base = applied(created(), { action: 'set-properties', updates: { a: '1' } })
  assert.equal(applied(base, { action: 'set-properties', updates: { a: '1' } }), base)
  assert.equal(applied(base, { action: 'remove-properties', removals: ['b'] }), base)
  assert.equal(applied(base, { action: 'add-schema', schema: schemaOf('a') }), base)
  assert.equal(applied(base, { action: 'set-location', location: 's3://bucket/v' }), base)
  assert.equal(applied(base, { action: 'assign-uuid', uuid: UUID.toUpperCase() }), base)
})

test('what can never be applied is refused', () => {
  const base = created()
  const refused = (...updates: readonly ViewUpdate[]) => refusal(() => applied(base, ...updates))
  assert.match(refused({ action: 'assign-uuid', uuid: 'other' }), /cannot assign uuid other/)
  assert.match(refused({ action: 'add-view-version', viewVersion: version() }), /no schema has been added/)
  assert.match(
    refused({ action: 'add-view-version', viewVersion: version({ schemaId: 9 }) }),
    /version with unknown schema: 9/,
  )
  assert.match(refused({ action: 'set-current-view-version', viewVersionId: 4 }), /unknown version: 4/)
  assert.match(refused({ action: 'set-current-view-version', viewVersionId: -1 }), /no version has been added/)
  const twice = version({ schemaId: 0, representations: [sql('spark'), sql('Spark')] })
  assert.match(refused({ action: 'add-view-version', viewVersion: twice }), /multiple queries for dialect spark/)
  assert.match(
    refused({ action: 'set-properties', updates: { 'version.history.num-entries': '0' } }),
    /must be positive but was 0/,
  )
  assert.match(
    refusal(() => applied(undefined, ...CREATION.slice(0, 2))),
    /no versions were added/,
  )
})

test('a dialect may be lost only where the view allows it', () => {
  const base = created()
  const other: readonly ViewUpdate[] = [
    { action: 'add-view-version', viewVersion: version({ schemaId: 0, representations: [sql('trino')] }) },
    { action: 'set-current-view-version', viewVersionId: -1 },
  ]
  assert.match(
    refusal(() => applied(base, ...other)),
    /Previous dialects: spark\nNew dialects: trino/,
  )
  const allowing = { action: 'set-properties', updates: { 'replace.drop-dialect.allowed': 'true' } } as const
  assert.equal(applied(base, allowing, ...other).currentVersionId, 2)
})

test('the history is as long as the view wants, the current version always in it', () => {
  let view = applied(created(), { action: 'set-properties', updates: { 'version.history.num-entries': '3' } })
  for (let at = 2; at <= 6; at += 1) view = replaced(view, `select ${at}`)
  assert.deepEqual(
    view.versions.map(({ versionId }) => versionId),
    [4, 5, 6],
  )
  assert.deepEqual(
    view.versionLog.map(({ versionId }) => versionId),
    [4, 5, 6],
  )
  view = applied(view, { action: 'set-current-view-version', viewVersionId: 4 })
  view = applied(
    view,
    { action: 'add-view-version', viewVersion: version({ schemaId: 0, representations: [sql('spark', 'select 7')] }) },
    { action: 'set-properties', updates: { 'version.history.num-entries': '2' } },
  )
  assert.deepEqual(
    view.versions.map(({ versionId }) => versionId),
    [4, 7],
  )
  assert.deepEqual(
    view.versionLog.map(({ versionId }) => versionId),
    [4],
  )
})

test('requirements name what does not hold', () => {
  assert.equal(violatedViewRequirement(created(), [{ type: 'assert-view-uuid', uuid: UUID.toUpperCase() }]), undefined)
  assert.match(
    violatedViewRequirement(created(), [{ type: 'assert-view-uuid', uuid: 'x' }]) ?? '',
    /view UUID does not match: expected fa6506c3-.* != x/,
  )
})

test('metadata and updates survive the way to JSON and back', () => {
  const text = fc.string({ unit: 'grapheme' })
  const representation = fc.oneof(
    fc.record({ type: fc.constant('sql' as const), sql: text, dialect: text }, { noNullPrototype: true }),
    fc.constant<ViewRepresentation>({ type: 'unknown', json: { type: 'substrait', plan: 2n ** 60n } }),
  )
  const anyVersion = fc.record(
    {
      versionId: fc.integer({ min: 1 }),
      schemaId: fc.constant(0),
      timestampMs: fc.nat().map((ms) => ms as EpochMs),
      summary: fc.dictionary(text, text, { noNullPrototype: true }),
      representations: fc.array(representation, { minLength: 1 }),
      defaultCatalog: text,
      defaultNamespace: fc.array(text),
    },
    {
      requiredKeys: ['versionId', 'schemaId', 'timestampMs', 'summary', 'representations', 'defaultNamespace'],
      noNullPrototype: true,
    },
  )
  fc.assert(
    fc.property(anyVersion, (each) => {
      const view: ViewMetadata = { ...created(), versions: [each], currentVersionId: each.versionId }
      assert.deepEqual(parseViewMetadata(formatViewMetadata(view), 'v.json'), view)
      const update: ViewUpdate = { action: 'add-view-version', viewVersion: each }
      const place = { document: 'body', kind: 'invalid-input' } as const
      assert.deepEqual(decodeViewUpdate(encodeViewUpdate(update), place), update)
    }),
  )
  const place = { document: 'body', kind: 'invalid-input' } as const
  for (const update of CREATION) assert.deepEqual(decodeViewUpdate(encodeViewUpdate(update), place), update)
})

test('damaged metadata is named', () => {
  const text = formatViewMetadata(created())
  const parse = (json: string) => parseViewMetadata(json, 'v.json')
  assert.throws(() => parse(text.replace('"format-version":1', '"format-version":2')), /v\.json: view format version 2/)
  assert.throws(
    () => parse(text.replace('"current-version-id":1', '"current-version-id":3')),
    /v\.json: current-version-id is 3, which is none of the versions/,
  )
  assert.throws(
    () => parse(text.replace('"schema-id":0,"summary"', '"schema-id":5,"summary"')),
    /versions\[0\] has the schema 5/,
  )
  assert.throws(() => parse('{}'), /format-version is missing/)
})

test('properties of a view are bounded as those of a table', () => {
  const view = applied(undefined, ...CREATION)
  const grown = (length: number): ViewUpdate => ({ action: 'set-properties', updates: { p: 'x'.repeat(length) } })
  assert.equal(applied(view, grown(2 ** 20 - 1)).properties['p']?.length, 2 ** 20 - 1)
  assert.throws(() => applied(view, grown(2 ** 20)), /property p has more than 1048576 characters/)
})
