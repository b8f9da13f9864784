import { loadDeletionVector } from '@moraine/iceberg/puffin/load-deletion-vector'
import type { DeleteInput, RewriteGroup } from '@moraine/maintenance/plan/rewrite-plan'
import { mapBounded } from '@moraine/stdx/bounded'
import { MoraineError } from '@moraine/stdx/error'
import type { SqlRow } from '../duckdb/child-protocol.ts'
import type { DuckDbSession } from '../duckdb/duckdb-pool.ts'
import { namingFiles } from '../duckdb/name-files.ts'
import type { ReadPlan } from '../read-plan/read-plan.ts'
import { groupByShape, KEY_FACTOR, ordinalsOf, type SourceFile, type SourceShape } from '../read-plan/row-source.ts'
import { sqlName } from '../sql/sql-text.ts'
import { namingFile } from '../staging/naming-file.ts'
import { type PreparedFile, prepareFile, stagedPath } from '../staging/prepared-file.ts'
import { stageFile } from '../staging/stage-file.ts'
import { STAGING_LIMIT } from '../staging/stage-inputs.ts'
import type { TaskContext } from '../task-context.ts'
import { POSITIONS_TABLE } from './delete-tables.ts'
import { type EqualitySet, equalityHits } from './equality-keys.ts'
import { type LoadedDeletes, NO_DELETES } from './live-rows.ts'
import { type Application, POSITION_DELETE_NAMES, positionDeleteStatements } from './position-deletes.ts'

/** The deletes of a group, brought into the task directory. */
export type StagedDeletes = {
  readonly positions: readonly StagedDelete[]
  readonly equality: readonly StagedDelete[]
  readonly vectors: readonly StagedVector[]
}

/** `at` is the position in the group's list of deletes. */
type StagedDelete = {
  readonly at: number
  readonly input: DeleteInput
  readonly file: PreparedFile
  readonly positions?: never
}
type StagedVector = {
  readonly at: number
  readonly input: DeleteInput
  readonly positions: Awaited<ReturnType<typeof loadDeletionVector>>
  readonly file?: never
}

export async function stageDeletes(
  group: RewriteGroup,
  plan: ReadPlan,
  context: TaskContext,
  directory: string,
): Promise<StagedDeletes> {
  const staged = await mapBounded(
    group.deletes.map((input, at) => ({ input, at })),
    STAGING_LIMIT,
    async ({ input, at }, signal): Promise<StagedVector | StagedDelete> => {
      if (input.fileFormat === 'puffin') {
        return { at, input, positions: await loadDeletionVector(context.io, input, signal) }
      }
      const source = { location: input.filePath, sizeBytes: input.fileSizeBytes }
      const file = await stageFile(context.io, source, stagedPath(directory, 'delete', at), signal)
      const mapping = input.content === 'position-deletes' ? POSITION_DELETE_NAMES : plan.mapping
      const options = { mapping, wanted: plan.wanted }
      return { at, input, file: await namingFile(input.filePath, () => prepareFile(file, input, options, signal)) }
    },
    context.signal,
  )
  const vectors = staged.flatMap((each) => (each.positions === undefined ? [] : [each]))
  const files = staged.flatMap((each) => (each.file === undefined ? [] : [each]))
  return {
    vectors,
    positions: files.filter((each) => each.input.content === 'position-deletes'),
    equality: files.filter((each) => each.input.content === 'equality-deletes'),
  }
}

/**
 * Fills a table of the session with the rows that the deletes hit, each once.
 *
 * @param inputs the staged data files in the order of the group's inputs
 * @throws {MoraineError} `corrupt` where a delete names a row that its data file does not have, or holds another number
 * of positions than its manifest says
 */
export async function loadDeletes(
  session: DuckDbSession,
  group: RewriteGroup,
  inputs: readonly SourceFile[],
  staged: StagedDeletes,
  plan: ReadPlan,
): Promise<LoadedDeletes> {
  if (staged.positions.length + staged.vectors.length + staged.equality.length === 0) return NO_DELETES
  const shapes = groupByShape(inputs)
  const ordinals = ordinalsOf(shapes)
  const targets = group.inputs.map((input, at) => {
    const file = inputs[at]
    return {
      filePath: input.filePath,
      recordCount: input.recordCount,
      ordinal: (file && ordinals.get(file)) ?? 0,
      deletes: input.deletes,
    }
  })
  await session.run(`CREATE TEMP TABLE ${sqlName(LOOSE_TABLE)}(k BIGINT)`)
  await loadVectors(session, targets, staged.vectors)
  await loadPositionFiles(session, targets, staged.positions)
  for (const set of equalitySets(staged.equality)) await loadEqualityHits(session, shapes, set, plan)
  // Several deletes may hit one row.
  await session.run(`CREATE TEMP TABLE ${sqlName(POSITIONS_TABLE)} AS SELECT DISTINCT k FROM ${sqlName(LOOSE_TABLE)}`)
  await session.run(`DROP TABLE ${sqlName(LOOSE_TABLE)}`)
  return { hasPositions: true }
}

const LOOSE_TABLE = `${POSITIONS_TABLE}_loose`

type Target = {
  readonly filePath: string
  readonly ordinal: number
  readonly recordCount: number
  readonly deletes: readonly number[]
}

async function loadVectors(
  session: DuckDbSession,
  targets: readonly Target[],
  vectors: readonly StagedVector[],
): Promise<void> {
  for (const vector of vectors) {
    for (const target of targets.filter(({ deletes }) => deletes.includes(vector.at))) {
      await session.appendKeys(LOOSE_TABLE, vectorKeys(vector, target))
    }
  }
}

function vectorKeys({ input, positions }: StagedVector, { filePath, ordinal, recordCount }: Target): BigInt64Array {
  if (input.referencedDataFile !== undefined && input.referencedDataFile !== filePath) {
    throw new MoraineError(
      'corrupt',
      `the deletion vector at ${input.contentOffset} of ${input.filePath} is of ${input.referencedDataFile}, the plan applies it to ${filePath}`,
    )
  }
  const last = positions.at(-1)
  if (last !== undefined && last >= recordCount) {
    throw new MoraineError(
      'corrupt',
      `the deletion vector at ${input.contentOffset} of ${input.filePath} deletes row ${last} of ${filePath}, which has ${recordCount} rows`,
    )
  }
  const first = BigInt(ordinal) * BigInt(KEY_FACTOR)
  const keys = new BigInt64Array(positions.length)
  for (let at = 0; at < keys.length; at += 1) keys[at] = first + BigInt(positions[at] ?? 0)
  return keys
}

async function loadPositionFiles(
  session: DuckDbSession,
  targets: readonly Target[],
  deletes: readonly StagedDelete[],
): Promise<void> {
  if (deletes.length === 0) return
  const files = deletes.map(({ file }) => file)
  const applications = targets.flatMap((target): readonly Application[] =>
    deletes.flatMap(({ at }, deleteFile) =>
      target.deletes.includes(at) ? [{ deleteFile, ordinal: target.ordinal }] : [],
    ),
  )
  const statements = positionDeleteStatements(files, targets, applications)
  await namingFiles(session, files, async () => {
    for (const sql of statements.prepare) await session.run(sql)
    await session.appendKeys(statements.applicationTable, statements.applicationKeys)
    checkCounts(deletes, await session.query(statements.countSql))
    await session.run(`INSERT INTO ${sqlName(LOOSE_TABLE)} ${statements.keysSql}`)
  })
}

function checkCounts(deletes: readonly StagedDelete[], counted: readonly SqlRow[]): void {
  const counts = new Map(counted.map((row) => [Number(row['file']), row]))
  for (const [file, at] of ordinalsOf(groupByShape(deletes.map((each) => each.file)))) {
    const rows = Number(counts.get(at)?.['rows'] ?? 0)
    const outside = Number(counts.get(at)?.['outside'] ?? 0)
    const expected = deletes.find((each) => each.file === file)?.input.recordCount
    if (rows !== expected) {
      throw new MoraineError('corrupt', `${file.filePath} holds ${rows} positions, its manifest says ${expected}`)
    }
    if (outside > 0) {
      throw new MoraineError('corrupt', `${file.filePath} deletes ${outside} rows that their data files do not have`)
    }
  }
}

/** Files that delete by the same fields, as many at a time as are joined in bounded memory. */
function equalitySets(deletes: readonly StagedDelete[]): readonly EqualitySet[] {
  return [...Map.groupBy(deletes, ({ input }) => equalityIdsOf(input).join(',')).values()].flatMap((members) => {
    const sets: PreparedFile[][] = []
    let keys = Number.POSITIVE_INFINITY
    for (const { file } of members) {
      if (keys + file.rows > KEYS_AT_ONCE) {
        sets.push([])
        keys = 0
      }
      sets.at(-1)?.push(file)
      keys += file.rows
    }
    return sets.map((files) => ({ equalityIds: equalityIdsOf(members[0]?.input), files }))
  })
}

// A key takes some 60 bytes in a join. The key columns of the data are read once for each set, which costs little.
const KEYS_AT_ONCE = 1_000_000

async function loadEqualityHits(
  session: DuckDbSession,
  shapes: readonly SourceShape[],
  set: EqualitySet,
  plan: ReadPlan,
): Promise<void> {
  const hits = equalityHits(set, shapes, plan)
  const table = sqlName(`${POSITIONS_TABLE}_hits`)
  const files = [...set.files, ...shapes.flatMap((shape) => shape.files)]
  await namingFiles(session, files, async () => {
    await session.run(`CREATE TEMP TABLE ${table} AS ${hits.rowsSql}`)
    const [found] = await session.query(`SELECT count(*) AS rows, CAST(sum(k) AS VARCHAR) AS total FROM ${table}`)
    const [witness] = await session.query(hits.witnessSql)
    if (found?.['rows'] !== witness?.['rows'] || found?.['total'] !== witness?.['total']) {
      throw new MoraineError(
        'verification-failed',
        `${set.files[0]?.filePath} and ${set.files.length - 1} others: one way of applying them hits ${String(found?.['rows'])} rows, another ${String(witness?.['rows'])}, or not the same ones`,
      )
    }
    await session.run(`INSERT INTO ${sqlName(LOOSE_TABLE)} SELECT k FROM ${table}`)
    await session.run(`DROP TABLE ${table}`)
  })
}

function equalityIdsOf(input: DeleteInput | undefined): readonly number[] {
  const ids = input?.equalityIds ?? []
  if (ids.length > 0) return ids.toSorted((a, b) => a - b)
  throw new MoraineError('corrupt', `equality delete file ${input?.filePath} does not say by which fields it deletes`)
}
