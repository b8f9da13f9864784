import { isKind } from '@moraine/stdx/error'
import type { JsonObject } from '@moraine/stdx/exact-json'
import { listOf, record, required, text } from '@moraine/stdx/exact-json-decode'
import { type JsonLinesWorker, type Started, startWorker } from './json-lines-worker.ts'

/**
 * DuckDB with its own Iceberg extension, in a process of its own. Some tables make the extension crash its process:
 * that read fails, and the next one gets a new process.
 */
export type DuckDb = {
  /** Engine and versions, for reports. */
  readonly versions: string
  /** Canonical rows, sorted. */
  readRows(source: DuckDbSource, signal?: AbortSignal): Promise<readonly string[]>
  stop(): Promise<void>
}

export type DuckDbSource = { readonly metadataFile: string; readonly snapshotId?: bigint }

export async function startDuckDb(signal?: AbortSignal): Promise<Started<DuckDb>> {
  const started = await startWorker('duckdb.sh', ['worker'], signal)
  return started.kind === 'started' ? { kind: 'started', engine: await duckDbOf(started.engine) } : started
}

async function duckDbOf(first: JsonLinesWorker): Promise<DuckDb> {
  const word = await first.firstWord
  const version = (name: string) => (word.kind === 'ready' ? required(word.facts, name, text) : '')
  let worker: JsonLinesWorker | undefined = first
  const current = async (signal?: AbortSignal): Promise<JsonLinesWorker> => {
    if (worker !== undefined) return worker
    const started = await startWorker('duckdb.sh', ['worker'], signal)
    if (started.kind === 'unavailable') throw new Error(started.why)
    worker = started.engine
    return worker
  }
  return {
    versions: `DuckDB ${version('duckdb')}, Iceberg extension ${version('iceberg')}`,
    async readRows({ metadataFile, snapshotId }, signal) {
      const read: JsonObject = { metadataFile, ...(snapshotId !== undefined && { snapshotId: String(snapshotId) }) }
      try {
        const answer = await (await current(signal)).request({ read }, signal)
        return required(record(answer, { document: 'answer of DuckDB', kind: 'corrupt' }), 'rows', listOf(text))
      } catch (error) {
        if (isKind(error, 'unavailable')) worker = undefined
        throw error
      }
    },
    stop: async () => worker?.stop(),
  }
}
