import type { JsonObject } from '@moraine/stdx/exact-json'
import { type JsonDecoder, listOf, record, required, text } from '@moraine/stdx/exact-json-decode'
import { type JsonLinesWorker, type Started, startWorker } from './json-lines-worker.ts'

/** PyIceberg in a process of its own. Requests run one after another; its defects are listed in README.md. */
export type PyIceberg = {
  /** Engine and versions, for reports. */
  readonly versions: string
  /** `{ type: 'rest', uri: URL }`, `{ type: 'sql', uri: 'sqlite:///FILE', warehouse: DIR }`. */
  addCatalog(name: string, properties: Readonly<Record<string, string>>): Promise<void>
  /** Canonical rows, sorted. */
  readRows(source: PyIcebergSource, signal?: AbortSignal): Promise<readonly string[]>
  /** Creates an unpartitioned table, and its namespace if need be. */
  create(request: PyIcebergCreate, signal?: AbortSignal): Promise<void>
  append(request: PyIcebergAppend, signal?: AbortSignal): Promise<void>
  /** Copy-on-write delete of the rows that match the filter. */
  delete(table: readonly string[], rowFilter: string, signal?: AbortSignal): Promise<void>
  /** Adds an optional column at the end; `type` is a type in Iceberg's JSON form. */
  addColumn(table: readonly string[], name: string, type: string, signal?: AbortSignal): Promise<void>
  /** A branch or tag at the current snapshot. */
  createRef(table: readonly string[], kind: 'branch' | 'tag', name: string, signal?: AbortSignal): Promise<void>
  drop(table: readonly string[], signal?: AbortSignal): Promise<void>
  /** Names of the tables in catalog and namespace, sorted. */
  listTables(namespace: readonly string[], signal?: AbortSignal): Promise<readonly string[]>
  stop(): Promise<void>
}

/** `table`: catalog, namespace levels, name. */
export type PyIcebergSource = (
  | { readonly table: readonly string[] }
  /** `properties`: how its store is reached, as `s3.endpoint`. */
  | { readonly metadataFile: string; readonly properties?: Readonly<Record<string, string>> }
) & {
  readonly snapshotId?: bigint
  readonly ref?: string
  /** An expression in PyIceberg's text form, as `id > 5 and region = 'eu'`. */
  readonly rowFilter?: string
}

export type PyIcebergCreate = {
  readonly table: readonly string[]
  /** In Iceberg's JSON form. */
  readonly schema: JsonObject
  readonly properties?: Readonly<Record<string, string>>
}

export type PyIcebergAppend = {
  readonly table: readonly string[]
  /** Objects by column name, with JSON values that pyarrow takes for the columns' types. */
  readonly rows: readonly JsonObject[]
  readonly branch?: string
}

export async function startPyIceberg(signal?: AbortSignal): Promise<Started<PyIceberg>> {
  const started = await startWorker('pyiceberg.sh', ['worker'], signal)
  return started.kind === 'started' ? { kind: 'started', engine: await pyIcebergOf(started.engine) } : started
}

async function pyIcebergOf(worker: JsonLinesWorker): Promise<PyIceberg> {
  const first = await worker.firstWord
  const version = (name: string) => (first.kind === 'ready' ? required(first.facts, name, text) : '')
  const ask = async <T>(operation: JsonObject, decode: JsonDecoder<T>, signal?: AbortSignal) =>
    decode(await worker.request(operation, signal), { document: 'answer of PyIceberg', kind: 'corrupt' })
  return {
    versions: `PyIceberg ${version('pyiceberg')}, PyArrow ${version('pyarrow')}`,
    addCatalog: (name, properties) => ask({ catalog: { name, properties } }, nothing),
    readRows: ({ snapshotId, ...source }, signal) =>
      ask(
        { read: { ...source, ...(snapshotId === undefined ? {} : { snapshotId: String(snapshotId) }) } },
        rows,
        signal,
      ),
    create: (request, signal) => ask({ create: request }, nothing, signal),
    append: (request, signal) => ask({ append: request }, nothing, signal),
    delete: (table, rowFilter, signal) => ask({ delete: { table, rowFilter } }, nothing, signal),
    addColumn: (table, name, type, signal) => ask({ addColumn: { table, name, type } }, nothing, signal),
    createRef: (table, kind, name, signal) => ask({ createRef: { table, kind, name } }, nothing, signal),
    drop: (table, signal) => ask({ drop: { table } }, nothing, signal),
    listTables: (namespace, signal) => ask({ tables: namespace }, listOf(text), signal),
    stop: () => worker.stop(),
  }
}

const nothing: JsonDecoder<void> = () => {}
const rows: JsonDecoder<readonly string[]> = (value, place) => required(record(value, place), 'rows', listOf(text))
