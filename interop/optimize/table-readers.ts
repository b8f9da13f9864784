import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, readdirSync, writeFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import type { ExpectedTable } from '@moraine/testkit/fixtures/expected-table'
import type { DuckDb } from '../lab/duckdb.ts'
import type { PyIceberg } from '../lab/pyiceberg.ts'
import type { Spark } from '../lab/spark.ts'

/** Engines that share no code with each other or with Moraine (PyIceberg and DuckDB have readers of their own). */
export type Readers = { readonly spark: Spark; readonly pyiceberg: PyIceberg; readonly duckdb: DuckDb }
export type ReaderName = keyof Readers

/** A state of a table: its snapshot's id as text, or `current`. */
export type State = string
export type Answer = { readonly rows: readonly string[] } | { readonly refused: string }

/** What each engine answered for each state. */
export type Reading = Readonly<Record<ReaderName, ReadonlyMap<State, Answer>>>

/** Reads the current state and the given snapshots of a table directory, with all engines at a time. */
export async function readStates(readers: Readers, table: string, snapshotIds: readonly bigint[]): Promise<Reading> {
  const metadataFile = currentMetadataFile(table)
  const states = [undefined, ...snapshotIds]
  const readAll = async (read: (snapshotId: { readonly snapshotId?: bigint }) => Promise<readonly string[]>) => {
    const answers = new Map<State, Answer>()
    for (const snapshotId of states) {
      const answer = read(snapshotId === undefined ? {} : { snapshotId }).then(
        (rows): Answer => ({ rows }),
        (error: unknown): Answer => ({ refused: String(error).split('\n')[0] ?? '' }),
      )
      answers.set(snapshotId === undefined ? 'current' : String(snapshotId), await answer)
    }
    return answers
  }
  const [spark, pyiceberg, duckdb] = await Promise.all([
    readAll((snapshot) => readers.spark.readRows({ path: table, ...snapshot })),
    readAll((snapshot) => readers.pyiceberg.readRows({ metadataFile, ...snapshot })),
    readAll((snapshot) => readers.duckdb.readRows({ metadataFile, ...snapshot })),
  ])
  return { spark, pyiceberg, duckdb }
}

/** The states that an engine read as they were when the table was written; of the current one Spark is the judge. */
export function rightlyRead(
  reading: Reading,
  reader: ReaderName,
  { snapshots }: ExpectedTable,
): ReadonlyMap<State, readonly string[]> {
  const right = new Map<State, readonly string[]>()
  for (const [state, answer] of reading[reader]) {
    if ('refused' in answer) continue
    const snapshot = snapshots.find(({ snapshotId }) => String(snapshotId) === state)
    const isRight = snapshot
      ? hashOf(answer.rows) === snapshot.rowsSha256
      : isDeepStrictEqual(answer, currentTruth(reading))
    if (isRight) right.set(state, answer.rows)
  }
  return right
}

/** What Spark reads now, or PyIceberg where Spark has no such type. */
export function currentTruth({ spark, pyiceberg }: Reading): Answer | undefined {
  const bySpark = spark.get('current')
  return bySpark !== undefined && 'rows' in bySpark ? bySpark : pyiceberg.get('current')
}

/** The states in which an engine's answer was not right, with what it said. */
export function wronglyRead(reading: Reading, reader: ReaderName, expected: ExpectedTable): readonly string[] {
  const right = rightlyRead(reading, reader, expected)
  return [...reading[reader]]
    .filter(([state]) => !right.has(state))
    .map(([state, answer]) => `${state}: ${'refused' in answer ? answer.refused : 'other rows'}`)
}

/** Fails unless the engine reads the same rows in all the given states. */
export function assertStillRead(
  right: ReadonlyMap<State, readonly string[]>,
  after: Reading,
  reader: ReaderName,
): void {
  for (const [state, rows] of right) assert.deepEqual(after[reader].get(state), { rows }, `${reader}, ${state}`)
}

/** The newest metadata file of a table that is laid out as a Hadoop catalog does. */
export function currentMetadataFile(table: string): string {
  const versions = readdirSync(`${table}/metadata`).flatMap((name) => {
    const match = /^v(\d+)(\.gz)?\.metadata\.json(\.gz)?$/.exec(name)
    return match === null ? [] : [{ name, version: Number(match[1]) }]
  })
  const newest = versions.toSorted((a, b) => b.version - a.version)[0]
  assert.ok(newest, `${table} has no metadata file`)
  return `${table}/metadata/${newest.name}`
}

/** A table that was written through PyIceberg's SQL catalog becomes one of the filesystem, of the same files. */
export function adoptAsHadoopTable(table: string, metadataFile: string): void {
  if (existsSync(`${table}/metadata/version-hint.text`)) return
  copyFileSync(`${table}/${metadataFile}`, `${table}/metadata/v1.metadata.json`)
  writeFileSync(`${table}/metadata/version-hint.text`, '1')
}

function hashOf(rows: readonly string[]): string {
  const hash = createHash('sha256')
  for (const row of rows) hash.update(`${row}\n`)
  return hash.digest('hex')
}
