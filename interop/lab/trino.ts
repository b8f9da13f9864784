import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { MoraineError } from '@moraine/stdx/error'
import { type JsonValue, parseExactJson } from '@moraine/stdx/exact-json'
import { listOf, optional, record, required, text } from '@moraine/stdx/exact-json-decode'
import { sortCanonical } from '@moraine/testkit/canonical-row'
import { EXIT_UNAVAILABLE, type Started } from './json-lines-worker.ts'
import { type Leashed, runLeashed, startLeashed } from './leashed.ts'
import { untilAnswered } from './moraine.ts'
import { canonicalTrinoRow, type TrinoColumn, trinoColumn } from './trino-row.ts'

/** One node of Trino, in a process of its own. */
export type Trino = {
  /** Engine and version, for reports. */
  readonly versions: string
  /** Makes an Iceberg catalog: `{ 'iceberg.catalog.type': 'rest', 'iceberg.rest-catalog.uri': URL }`. */
  addCatalog(name: string, properties: Readonly<Record<string, string>>): Promise<void>
  /** Runs one statement to its end. */
  sql(statement: string, signal?: AbortSignal): Promise<void>
  /** Values as Trino's protocol has them: decimals, dates and timestamps are texts. */
  query(statement: string, signal?: AbortSignal): Promise<readonly (readonly JsonValue[])[]>
  /** Canonical rows, sorted, of all that a FROM clause may name: `lake.db.t FOR VERSION AS OF 1`. */
  readRows(relation: string, signal?: AbortSignal): Promise<readonly string[]>
  stop(): Promise<void>
}

/** It is ready a quarter of a minute later; the first time on a machine it is downloaded, which takes minutes. */
export async function startTrino(): Promise<Started<Trino>> {
  const installed = await runLeashed('interop/lab/trino.sh', ['versions'])
  if (installed.code === EXIT_UNAVAILABLE) {
    return { kind: 'unavailable', why: installed.stderr.trim().split('\n').at(-1) ?? '' }
  }
  if (installed.code !== 0)
    throw new MoraineError('internal', `trino.sh ended with ${installed.code}: ${installed.stderr}`)
  const directory = mkdtempSync(`${tmpdir()}/moraine-trino-`)
  const server = startLeashed('interop/lab/trino.sh', ['serve', directory])
  const url = /http\S+/.exec(await server.line(/^listens on/))?.[0] ?? ''
  await Promise.race([untilAnswered(() => isReady(url), AbortSignal.timeout(START_WITHIN_MS)), failWhenEnded(server)])
  return { kind: 'started', engine: trinoAt(url, installed.stdout.trim(), () => end(server, directory)) }
}

const START_WITHIN_MS = 180_000

function trinoAt(url: string, versions: string, stop: () => Promise<void>): Trino {
  const sql = async (statement: string, signal?: AbortSignal) => void (await run(url, statement, signal))
  return {
    versions,
    sql,
    addCatalog: (name, properties) => {
      const settings = Object.entries(properties).map(([key, value]) => `"${key}" = '${value}'`)
      return sql(`CREATE CATALOG ${name} USING iceberg WITH (${settings.join(', ')})`)
    },
    query: async (statement, signal) => (await run(url, statement, signal)).rows,
    async readRows(relation, signal) {
      const { columns, rows } = await run(url, `SELECT * FROM ${relation}`, signal)
      return sortCanonical(rows.map((row) => canonicalTrinoRow(row, columns)))
    },
    stop,
  }
}

type Answer = { readonly columns: readonly TrinoColumn[]; readonly rows: readonly (readonly JsonValue[])[] }

/** A statement is answered in parts, each of which says where the next one is. */
async function run(url: string, statement: string, signal?: AbortSignal): Promise<Answer> {
  // Without this capability times are cut to milliseconds.
  const headers = { 'x-trino-user': 'lab', 'x-trino-client-capabilities': 'PARAMETRIC_DATETIME' }
  const abort = signal === undefined ? {} : { signal }
  const ask = async (place: string, request: RequestInit) => {
    const response = await fetch(place, { ...request, headers, ...abort })
    const body = await response.text()
    if (!response.ok) throw new MoraineError('internal', `Trino answered ${response.status}: ${body}`)
    return record(parseExactJson(body, 'answer of Trino'), { document: 'answer of Trino', kind: 'corrupt' })
  }
  let part = await ask(`${url}/v1/statement`, { method: 'POST', body: statement })
  let columns: readonly TrinoColumn[] = []
  const rows: (readonly JsonValue[])[] = []
  for (;;) {
    const error = optional(part, 'error', record)
    if (error !== undefined) {
      const [name, message] = [required(error, 'errorName', text), required(error, 'message', text)]
      throw new MoraineError('internal', `Trino: ${name}: ${message}, in ${statement}`)
    }
    columns = optional(part, 'columns', listOf(trinoColumn)) ?? columns
    rows.push(...(optional(part, 'data', listOf(listOf((value) => value))) ?? []))
    const next = optional(part, 'nextUri', text)
    if (next === undefined) return { columns, rows }
    part = await ask(next, {})
  }
}

async function isReady(url: string): Promise<true | undefined> {
  const answer = await fetch(`${url}/v1/info`).then(
    (response) => response.text(),
    () => '',
  )
  return answer.includes('"starting":false') ? true : undefined
}

async function failWhenEnded(server: Leashed): Promise<never> {
  const { code, stdout, stderr } = await server.ended
  throw new MoraineError('internal', `Trino ended with ${code} before it was ready: ${stdout}\n${stderr}`)
}

// It has nothing to keep.
async function end(server: Leashed, directory: string): Promise<void> {
  server.kill()
  await server.ended
  rmSync(directory, { recursive: true, force: true })
}
