import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { parseTableMetadata } from '@moraine/iceberg/metadata/table-metadata-json'
import { formatExactJson, type JsonObject, type JsonValue, parseExactJson } from '@moraine/stdx/exact-json'
import type { FileIO } from '@moraine/storage/file-io'
import { type AppendedFiles, readAppended } from './crashed-appends.ts'

// Requests to the catalog of `moraine serve` that a crash may overtake, and how to tell afterwards whether one was done.

/** What the service keeps in a namespace, as its clients see it. */
type CatalogState = {
  /** Properties by table. */
  readonly tables: ReadonlyMap<string, JsonObject>
  readonly views: ReadonlySet<string>
  /** By table, of those with snapshots. */
  readonly appended: ReadonlyMap<string, AppendedFiles>
}

export type CrashedCommit = {
  readonly name: string
  readonly request: CatalogRequest
  /** `half` says what is there and what is not. */
  readonly judge: (state: CatalogState) => 'done' | 'undone' | { readonly half: string }
}

export type CatalogRequest = { readonly method: 'POST' | 'DELETE'; readonly path: string; readonly body?: JsonValue }

const NAMESPACE = 'db'
const TABLES = `namespaces/${NAMESPACE}/tables`
const SCHEMA = {
  type: 'struct',
  'schema-id': 0,
  fields: [{ id: 1, name: 'id', required: true, type: 'long' }],
}

export const CREATE_NAMESPACE: CatalogRequest = {
  method: 'POST',
  path: 'namespaces',
  body: { namespace: [NAMESPACE] },
}

export function createTable(name: string, properties: Readonly<Record<string, string>> = {}): CatalogRequest {
  return { method: 'POST', path: TABLES, body: { name, schema: SCHEMA, properties: { name, ...properties } } }
}

/** Where a table is asked for and commits to it go. */
export function commitPath(name: string): string {
  return `${TABLES}/${name}`
}

/** A commit to one table. */
export function markTable(table: string, mark: string): CrashedCommit {
  const body = { requirements: [], updates: [setMark(mark)] }
  return {
    name: `mark ${mark} of ${table}`,
    request: { method: 'POST', path: `${TABLES}/${table}`, body },
    judge: ({ tables }) => (hasMark(tables, table, mark) ? 'done' : 'undone'),
  }
}

/** A transaction over tables that are there, and one that it creates. */
export function markTogether(existing: readonly string[], created: string, mark: string): CrashedCommit {
  const identifier = (name: string) => ({ namespace: [NAMESPACE], name })
  const marks = existing.map((name) => ({
    identifier: identifier(name),
    requirements: [],
    updates: [setMark(mark)],
  }))
  const creation = {
    identifier: identifier(created),
    requirements: [{ type: 'assert-create' }],
    updates: [
      { action: 'upgrade-format-version', 'format-version': 2 },
      { action: 'add-schema', schema: SCHEMA },
      { action: 'set-current-schema', 'schema-id': -1 },
      { action: 'add-spec', spec: { 'spec-id': 0, fields: [] } },
      { action: 'set-default-spec', 'spec-id': -1 },
      { action: 'add-sort-order', 'sort-order': { 'order-id': 0, fields: [] } },
      { action: 'set-default-sort-order', 'sort-order-id': -1 },
      { action: 'set-location', location: `LOCATION/${created}` },
      setMark(mark),
    ],
  }
  const all = [...existing, created]
  return {
    name: `transaction ${mark} over ${all.join(', ')}`,
    request: { method: 'POST', path: 'transactions/commit', body: { 'table-changes': [...marks, creation] } },
    judge({ tables }) {
      const made = all.filter((table) => hasMark(tables, table, mark))
      if (made.length === 0) return 'undone'
      return made.length === all.length ? 'done' : { half: `made only in ${made.join(', ')}` }
    },
  }
}

export function create(table: string): CrashedCommit {
  return {
    name: `create ${table}`,
    request: createTable(table),
    judge: ({ tables }) => (tables.has(table) ? 'done' : 'undone'),
  }
}

export function createView(view: string): CrashedCommit {
  const version = {
    'version-id': 1,
    'timestamp-ms': 1,
    'schema-id': 0,
    summary: {},
    representations: [{ type: 'sql', sql: 'select 1 id', dialect: 'spark' }],
    'default-namespace': [NAMESPACE],
  }
  const body = { name: view, schema: SCHEMA, 'view-version': version, properties: {} }
  return {
    name: `create view ${view}`,
    request: { method: 'POST', path: `namespaces/${NAMESPACE}/views`, body },
    judge: ({ views }) => (views.has(view) ? 'done' : 'undone'),
  }
}

export function rename(from: string, to: string): CrashedCommit {
  const identifier = (name: string) => ({ namespace: [NAMESPACE], name })
  return {
    name: `rename ${from} to ${to}`,
    request: { method: 'POST', path: 'tables/rename', body: { source: identifier(from), destination: identifier(to) } },
    judge({ tables }) {
      const [before, after] = [tables.has(from), tables.has(to)]
      if (before === after) return { half: before ? 'both names are there' : 'neither name is there' }
      return after ? 'done' : 'undone'
    },
  }
}

export function drop(table: string): CrashedCommit {
  return {
    name: `drop ${table}`,
    request: { method: 'DELETE', path: `${TABLES}/${table}` },
    judge: ({ tables }) => (tables.has(table) ? 'undone' : 'done'),
  }
}

/**
 * Loads all there is, and of tables that have snapshots every manifest list, manifest and data file of every snapshot. Fails
 * if something cannot be loaded, its metadata file says otherwise, or a snapshot is more or less than one append.
 */
export async function readCatalog(
  base: string,
  io: FileIO,
): Promise<CatalogState & { readonly metadataFiles: ReadonlySet<string> }> {
  const metadataFiles = new Set<string>()
  const tables = new Map<string, JsonObject>()
  const appended = new Map<string, AppendedFiles>()
  for (const name of await listNames(base, 'tables')) {
    const { metadata, location } = await load(base, `${TABLES}/${name}`)
    metadataFiles.add(location)
    for (const each of metadata['metadata-log'] as readonly JsonObject[])
      metadataFiles.add(pathOf(each['metadata-file']))
    tables.set(name, metadata['properties'] as JsonObject)
    const table = tableOf(metadata, location)
    if (table.snapshots.length > 0) appended.set(name, await readAppended(io, table))
  }
  const views = await listNames(base, 'views')
  for (const name of views) metadataFiles.add((await load(base, `namespaces/${NAMESPACE}/views/${name}`)).location)
  return { tables, views: new Set(views), appended, metadataFiles }
}

export async function loadServed(base: string, name: string): Promise<TableMetadata> {
  const { metadata, location } = await load(base, commitPath(name))
  return tableOf(metadata, location)
}

function tableOf(metadata: JsonObject, location: string): TableMetadata {
  return parseTableMetadata(formatExactJson(metadata), location)
}

async function listNames(base: string, what: 'tables' | 'views'): Promise<readonly string[]> {
  const names: string[] = []
  for (let page = ''; ; ) {
    const { identifiers, 'next-page-token': next } = await get(
      base,
      `namespaces/${NAMESPACE}/${what}?pageToken=${encodeURIComponent(page)}`,
    )
    names.push(...(identifiers as readonly { readonly name: string }[]).map(({ name }) => name))
    if (typeof next !== 'string') return names
    page = next
  }
}

async function load(base: string, path: string): Promise<{ readonly metadata: JsonObject; readonly location: string }> {
  const loaded = await get(base, path)
  const location = pathOf(loaded['metadata-location'])
  const metadata = loaded['metadata'] as JsonObject
  assert.deepEqual(parseExactJson(readFileSync(location, 'utf8'), location), metadata)
  return { metadata, location }
}

async function get(base: string, path: string): Promise<JsonObject> {
  const response = await fetch(`${base}/${path}`)
  const text = await response.text()
  assert.equal(response.status, 200, `${path}: ${text}`)
  return parseExactJson(text, path) as JsonObject
}

function setMark(mark: string) {
  return { action: 'set-properties', updates: { [mark]: 'x' } }
}

function hasMark(tables: CatalogState['tables'], table: string, mark: string): boolean {
  return Object.hasOwn(tables.get(table) ?? {}, mark)
}

function pathOf(location: JsonValue | undefined): string {
  assert.ok(typeof location === 'string')
  return location.replace(/^file:(\/\/)?/, '')
}
