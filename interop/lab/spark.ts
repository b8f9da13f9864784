import type { JsonObject, JsonValue } from '@moraine/stdx/exact-json'
import { int64, type JsonDecoder, listOf, record, required, text } from '@moraine/stdx/exact-json-decode'
import { type JsonLinesWorker, type Started, startWorker } from './json-lines-worker.ts'

/** One Spark session with Iceberg, in a process of its own. Requests run one after another. */
export type Spark = {
  /** Engine and versions, for reports. */
  readonly versions: string
  /** Configures an Iceberg catalog: `{ type: 'hadoop', warehouse: DIR }`, `{ type: 'rest', uri: URL }`; before its first use. */
  addCatalog(name: string, properties: Readonly<Record<string, string>>): Promise<void>
  /** Runs one statement to its end. */
  sql(statement: string, signal?: AbortSignal): Promise<void>
  /** Runs a query; values are canonical (canonical-row.md), integers beyond 2^53 are bigints. */
  query(statement: string, signal?: AbortSignal): Promise<QueryResult>
  /** Canonical rows of a table, sorted. */
  readRows(source: SparkSource, signal?: AbortSignal): Promise<readonly string[]>
  /** v3: the same rows with the lineage of each. */
  readLineage(source: SparkSource, signal?: AbortSignal): Promise<readonly LineageRow[]>
  /** Commits one equality delete file, which Spark's SQL cannot write. */
  equalityDelete(request: EqualityDelete, signal?: AbortSignal): Promise<void>
  stop(): Promise<void>
}

/** `table`: a name as SQL has it. `path`: a directory laid out as a Hadoop catalog does, or one metadata file. */
export type SparkSource = ({ readonly table: string } | { readonly path: string }) & {
  readonly snapshotId?: bigint
  /** A branch or tag. */
  readonly ref?: string
}

export type QueryResult = { readonly columns: readonly string[]; readonly rows: readonly (readonly JsonValue[])[] }
/** `_row_id` and `_last_updated_sequence_number` are null in snapshots from before the table was v3. */
export type LineageRow = {
  readonly row: string
  readonly rowId: bigint | null
  readonly lastUpdatedSequenceNumber: bigint | null
}

export type EqualityDelete = {
  readonly table: string
  /** A query; its columns are the equality fields, named and typed as in the table, its rows the keys. */
  readonly keys: string
  /** Default: the current spec. With an unpartitioned spec the delete applies to every partition. */
  readonly specId?: number
  /** The partition's path, as `region=eu/id_bucket=3`. */
  readonly partition?: string
  readonly branch?: string
}

/** `conf`: Spark settings, over those of spark_engine.py. */
export async function startSpark(
  conf: Readonly<Record<string, string>> = {},
  signal?: AbortSignal,
): Promise<Started<Spark>> {
  const settings = Object.entries(conf).flatMap(([key, value]) => ['--conf', `${key}=${value}`])
  const started = await startWorker('spark.sh', ['session', ...settings], signal)
  return started.kind === 'started' ? { kind: 'started', engine: await sparkOf(started.engine) } : started
}

async function sparkOf(worker: JsonLinesWorker): Promise<Spark> {
  const first = await worker.firstWord
  const version = (name: string) => (first.kind === 'ready' ? required(first.facts, name, text) : '')
  const ask = async <T>(operation: JsonObject, decode: JsonDecoder<T>, signal?: AbortSignal) =>
    decode(await worker.request(operation, signal), { document: 'answer of Spark', kind: 'corrupt' })
  return {
    versions: `Spark ${version('spark')}, Iceberg ${version('iceberg')}`,
    addCatalog: (name, properties) => ask({ catalog: { name, properties } }, nothing),
    sql: (statement, signal) => ask({ sql: statement }, nothing, signal),
    query: (statement, signal) => ask({ sql: statement, collect: true }, queryResult, signal),
    readRows: (source, signal) => ask({ read: sourceJson(source) }, rows, signal),
    readLineage: (source, signal) => ask({ read: { ...sourceJson(source), lineage: true } }, lineage, signal),
    equalityDelete: (request, signal) => ask({ equalityDelete: request }, nothing, signal),
    stop: () => worker.stop(),
  }
}

// As text: an id beyond 2^53 is exact in any JSON reader.
function sourceJson({ snapshotId, ...source }: SparkSource): JsonObject {
  return { ...source, ...(snapshotId === undefined ? {} : { snapshotId: String(snapshotId) }) }
}

const nothing: JsonDecoder<void> = () => {}
const rows: JsonDecoder<readonly string[]> = (value, place) => required(record(value, place), 'rows', listOf(text))
const any: JsonDecoder<JsonValue> = (value) => value

const queryResult: JsonDecoder<QueryResult> = (value, place) => {
  const answer = record(value, place)
  return { columns: required(answer, 'columns', listOf(text)), rows: required(answer, 'rows', listOf(listOf(any))) }
}

const lineage: JsonDecoder<readonly LineageRow[]> = (value, place) => {
  const pairs = required(record(value, place), 'lineage', listOf(listOf(nullableInt64)))
  return rows(value, place).map((row, at) => {
    const [rowId = null, lastUpdatedSequenceNumber = null] = pairs[at] ?? []
    return { row, rowId, lastUpdatedSequenceNumber }
  })
}

const nullableInt64: JsonDecoder<bigint | null> = (value, place) => (value === null ? null : int64(value, place))
