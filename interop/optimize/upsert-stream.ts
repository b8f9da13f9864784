import { readdirSync, readFileSync } from 'node:fs'

/**
 * Statements of a Flink job that upserts row after row at a steady pace, an equality delete with each, and commits every
 * second. Rows come in a known order and say their place in it, so each snapshot must hold exactly what the upserts up to
 * its last one left.
 */
export type UpsertStream = {
  /** Makes a job of the streaming kind of what follows. */
  readonly settings: readonly string[]
  /** `properties`: further ones, as SQL has them. */
  createTable(table: string, properties?: string): string
  /** Statements that make the source and upsert all of it. */
  upsertInto(table: string): readonly string[]
  /** The number of the last upsert that canonical rows show, -1 before the first. */
  lastUpsertOf(rows: readonly string[]): number
  /** Canonical rows after the upsert of this number, sorted. */
  rowsAfter(last: number): readonly string[]
  /** Statements by which Flink itself reads the table into a directory, for `readAnswers`. */
  readInto(table: string, directory: string): readonly string[]
  readAnswers(directory: string): readonly string[]
}

const KEYS = 60

export function upsertStream(upserts: number, perSecond: number): UpsertStream {
  const id = `MOD(seq * 7, ${KEYS})`
  return {
    settings: [
      "SET 'execution.runtime-mode' = 'streaming'",
      "SET 'execution.checkpointing.interval' = '1s'",
      "SET 'table.dml-sync' = 'true'",
    ],
    createTable: (
      table,
      properties = '',
    ) => `CREATE TABLE ${table} (id INT, region STRING, seq INT, PRIMARY KEY (id, region) NOT ENFORCED)
      PARTITIONED BY (region) WITH ('format-version' = '2', 'write.upsert.enabled' = 'true'${properties && `, ${properties}`})`,
    upsertInto: (table) => [
      `CREATE TEMPORARY TABLE numbers (seq INT) WITH ('connector' = 'datagen', 'rows-per-second' = '${perSecond}',
        'fields.seq.kind' = 'sequence', 'fields.seq.start' = '0', 'fields.seq.end' = '${upserts - 1}')`,
      `INSERT INTO ${table} SELECT ${id}, CASE WHEN MOD(${id}, 2) = 0 THEN 'eu' ELSE 'us' END, seq FROM numbers`,
    ],
    lastUpsertOf: (rows) => Math.max(-1, ...rows.map((row) => Number(/"seq":(\d+)/.exec(row)?.[1]))),
    rowsAfter,
    readInto: (table, directory) => [
      "SET 'execution.runtime-mode' = 'batch'",
      "SET 'table.dml-sync' = 'true'",
      `CREATE TEMPORARY TABLE answers (id INT, region STRING, seq INT)
        WITH ('connector' = 'filesystem', 'path' = 'file://${directory}', 'format' = 'csv')`,
      `INSERT INTO answers SELECT id, region, seq FROM ${table}`,
    ],
    readAnswers,
  }
}

function rowsAfter(last: number): readonly string[] {
  const seqOf = new Map<number, number>()
  for (let seq = 0; seq <= last; seq += 1) seqOf.set((seq * 7) % KEYS, seq)
  return [...seqOf].map(([id, seq]) => canonical(id, id % 2 === 0 ? 'eu' : 'us', seq)).sort()
}

function readAnswers(directory: string): readonly string[] {
  const lines = readdirSync(directory).flatMap((name) =>
    readFileSync(`${directory}/${name}`, 'utf8').trim().split('\n'),
  )
  return lines
    .map((line) => {
      const [id, region, seq] = line.split(',')
      return canonical(Number(id), region ?? '', Number(seq))
    })
    .sort()
}

function canonical(id: number, region: string, seq: number): string {
  return `{"id":${id},"region":"${region}","seq":${seq}}`
}
