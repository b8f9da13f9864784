import { must } from '@moraine/stdx/assert'
import { isKind } from '@moraine/stdx/error'
import type { Random } from '@moraine/stdx/random'
import type { Spark } from '../lab/spark.ts'

/** An engine of SQL, as a {@link LedgeredWriter} works with it. */
export type LedgeredEngine = {
  sql(statement: string, signal?: AbortSignal): Promise<void>
  /** The statement that makes a merge-on-read table, partitioned by region, of `id BIGINT, region STRING, n INT, v STRING`. */
  createTable(table: string): string
  /** Whether that makes a snapshot of no rows. */
  readonly commitsCreation: boolean
  /** `several`: what deletes and adds rows makes a snapshot of each kind, in one commit. */
  readonly snapshotsPerCommit: 'one' | 'several'
  /** How it says that it gave a statement up for another's commit, and nothing was committed. */
  readonly refusal: RegExp
}

/** A writer that keeps an exact account of what it committed to its table. */
export type LedgeredWriter = {
  /** One commit: an insert, a delete, an update or a merge; `conflict` if the engine gave it up for another's commit. */
  step(signal?: AbortSignal): Promise<'committed' | 'conflict'>
  /** Canonical rows after each commit, sorted; the first entry is the table before any. */
  readonly states: readonly (readonly string[])[]
  readonly snapshotsPerCommit: 'one' | 'several'
  /** Statements that the engine gave up. */
  conflicts(): number
}

type Row = { readonly region: string; readonly n: number; readonly v: string }

const REGIONS = ['eu', 'us', 'ap']
const INSERTED = 30
const CHANGED = 6

export function ledgeredSpark(spark: Spark, formatVersion: 2 | 3): LedgeredEngine {
  return {
    sql: spark.sql,
    createTable: (table) => `CREATE TABLE ${table} (id BIGINT, region STRING, n INT, v STRING) USING iceberg
      PARTITIONED BY (region) TBLPROPERTIES (
      'format-version' = '${formatVersion}', 'write.delete.mode' = 'merge-on-read', 'write.update.mode' = 'merge-on-read',
      'write.merge.mode' = 'merge-on-read', 'commit.retry.num-retries' = '20', 'commit.retry.min-wait-ms' = '50',
      'self-optimizing.min-plan-interval' = '0')`,
    commitsCreation: false,
    snapshotsPerCommit: 'one',
    // CommitStateUnknownException is none, and fails the test.
    refusal: /\b(ValidationException|CommitFailedException)\b/,
  }
}

/** Creates the table; `random` decides all that the writer does. */
export async function ledgeredWriter(engine: LedgeredEngine, table: string, random: Random): Promise<LedgeredWriter> {
  await engine.sql(engine.createTable(table))
  let ledger = new Map<number, Row>()
  const states: (readonly string[])[] = engine.commitsCreation ? [[], []] : [[]]
  let conflicts = 0
  let nextId = 0
  const below = (limit: number) => must(random.bytes(1)[0], 'byte') % limit

  const changed = (): { readonly statement: string; readonly after: ReadonlyMap<number, Row> } => {
    const commit = states.length
    const kind = ledger.size < 2 * INSERTED ? 0 : below(10)
    const region = must(REGIONS[below(REGIONS.length)], 'region')
    const ids = some(
      [...ledger].filter(([, row]) => row.region === region).map(([id]) => id),
      CHANGED,
      below,
    )
    const after = new Map(ledger)
    if (kind < 5 || ids.length === 0) {
      const fresh = Array.from({ length: INSERTED }, (_, at) => nextId + at)
      nextId += INSERTED
      for (const id of fresh) after.set(id, newRow(id, `inserted ${commit}`))
      // To other engines than Spark the hint is a comment.
      return { statement: `INSERT INTO ${table} SELECT /*+ COALESCE(1) */ * FROM ${relation(fresh, after)}`, after }
    }
    if (kind < 7) {
      for (const id of ids) after.delete(id)
      return { statement: `DELETE FROM ${table} WHERE id IN (${ids.join(', ')})`, after }
    }
    const v = `changed ${commit}`
    for (const id of ids) after.set(id, { ...must(after.get(id), 'row'), v })
    if (kind < 8) return { statement: `UPDATE ${table} SET v = '${v}' WHERE id IN (${ids.join(', ')})`, after }
    const fresh = [nextId, nextId + 1, nextId + 2]
    nextId += fresh.length
    for (const id of fresh) after.set(id, newRow(id, v))
    return {
      statement: `MERGE INTO ${table} AS t USING (SELECT * FROM ${relation([...ids, ...fresh], after)}) AS s ON t.id = s.id
        WHEN MATCHED THEN UPDATE SET v = s.v
        WHEN NOT MATCHED THEN INSERT (id, region, n, v) VALUES (s.id, s.region, s.n, s.v)`,
      after,
    }
  }

  return {
    states,
    snapshotsPerCommit: engine.snapshotsPerCommit,
    conflicts: () => conflicts,
    async step(signal) {
      const { statement, after } = changed()
      try {
        await engine.sql(statement, signal)
      } catch (error) {
        if (!isKind(error, 'internal') || !engine.refusal.test(error.message)) throw error
        conflicts += 1
        return 'conflict'
      }
      ledger = new Map(after)
      states.push(canonicalRows(ledger))
      return 'committed'
    },
  }
}

function newRow(id: number, v: string): Row {
  return { region: must(REGIONS[id % REGIONS.length], 'region'), n: id % 100, v }
}

function some(ids: readonly number[], count: number, below: (limit: number) => number): readonly number[] {
  const left = [...ids]
  const chosen: number[] = []
  while (chosen.length < count && left.length > 0) chosen.push(...left.splice(below(left.length), 1))
  return chosen
}

function relation(ids: readonly number[], rows: ReadonlyMap<number, Row>): string {
  const values = ids.map((id) => {
    const { region, n, v } = must(rows.get(id), 'row')
    return `(${id}, '${region}', ${n}, '${v}')`
  })
  return `(VALUES ${values.join(', ')}) AS fresh(id, region, n, v)`
}

function canonicalRows(ledger: ReadonlyMap<number, Row>): readonly string[] {
  const rows = [...ledger].map(([id, { n, region, v }]) => `{"id":${id},"n":${n},"region":"${region}","v":"${v}"}`)
  return rows.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
}
