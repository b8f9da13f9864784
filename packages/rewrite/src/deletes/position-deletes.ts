import type { NameMapping } from '@moraine/iceberg/schema/name-mapping'
import { DELETE_FILE_PATH_FIELD_ID, DELETE_FILE_POS_FIELD_ID } from '@moraine/iceberg/schema/reserved-field-ids'
import { MoraineError } from '@moraine/stdx/error'
import {
  groupByShape,
  KEY_FACTOR,
  type SourceColumn,
  type SourceFile,
  type SourceShape,
  sourceSql,
} from '../read-plan/row-source.ts'
import { stagedNames } from '../read-plan/staging-edits.ts'
import { INTERNAL_PREFIX } from '../sql/column-names.ts'
import { sqlName, sqlText } from '../sql/sql-text.ts'

/** A data file that position deletes may name. */
export type PositionTarget = { readonly filePath: string; readonly ordinal: number; readonly recordCount: number }

/** Which delete files (by position in the list given) apply to which data file (by ordinal). */
export type Application = { readonly deleteFile: number; readonly ordinal: number }

export type PositionDeleteStatements = {
  /** Tables of targets; {@link applicationKeys} go into {@link applicationTable}. */
  readonly prepare: readonly string[]
  readonly applicationTable: string
  readonly applicationKeys: BigInt64Array
  /** One row a delete file: `file`, `rows` and `outside`, the number of positions that its data files do not have. */
  readonly countSql: string
  /** The keys of the rows to delete, as `k`; some may occur twice. */
  readonly keysSql: string
}

/** Finds the two columns in files whose writers left the field ids out: their names are reserved, too. */
export const POSITION_DELETE_NAMES: NameMapping = [
  { names: ['file_path'], fieldId: DELETE_FILE_PATH_FIELD_ID, fields: [] },
  { names: ['pos'], fieldId: DELETE_FILE_POS_FIELD_ID, fields: [] },
]

/** Reads position delete files: the rows of `file_path` and `pos` that name a data file the delete applies to. */
export function positionDeleteStatements(
  files: readonly SourceFile[],
  targets: readonly PositionTarget[],
  applications: readonly Application[],
): PositionDeleteStatements {
  const ordinals = new Map(
    groupByShape(files).flatMap((shape) => shape.files.map((file, at) => [file, shape.firstOrdinal + at])),
  )
  const order = files.map((file) => ordinals.get(file) ?? 0)
  const columns: readonly SourceColumn[] = [
    { name: 'file', sql: ({ firstOrdinal }) => `file_index::BIGINT + ${firstOrdinal}` },
    { name: 'path', sql: (shape) => reserved(shape, DELETE_FILE_PATH_FIELD_ID) },
    { name: 'pos', sql: (shape) => reserved(shape, DELETE_FILE_POS_FIELD_ID) },
  ]
  const matched = `(${sourceSql(groupByShape(files), columns)}) p
LEFT JOIN ${TARGETS} t ON t.path = p.path
LEFT JOIN ${APPLICATIONS} a ON a.k = p.file * ${KEY_FACTOR} + t.ordinal`
  const outside = 'a.k IS NOT NULL AND (p.pos < 0 OR p.pos >= t.record_count)'
  const values = targets.map(
    (each) => `(${sqlText(each.filePath)}, ${each.ordinal}::BIGINT, ${each.recordCount}::BIGINT)`,
  )
  return {
    prepare: [
      `CREATE TEMP TABLE ${TARGETS}(path VARCHAR, ordinal BIGINT, record_count BIGINT)`,
      `INSERT INTO ${TARGETS} VALUES ${values.join(', ')}`,
      `CREATE TEMP TABLE ${APPLICATIONS}(k BIGINT)`,
    ],
    applicationTable: `${INTERNAL_PREFIX}applications`,
    applicationKeys: BigInt64Array.from(applications, ({ deleteFile, ordinal }) =>
      BigInt((order[deleteFile] ?? 0) * KEY_FACTOR + ordinal),
    ),
    countSql: `SELECT p.file AS file, count(*) AS rows, count(*) FILTER (WHERE ${outside}) AS outside FROM ${matched} GROUP BY p.file ORDER BY p.file`,
    keysSql: `SELECT t.ordinal * ${KEY_FACTOR} + p.pos AS k FROM ${matched} WHERE a.k IS NOT NULL`,
  }
}

const TARGETS = sqlName(`${INTERNAL_PREFIX}targets`)
const APPLICATIONS = sqlName(`${INTERNAL_PREFIX}applications`)

function reserved({ columns, files }: SourceShape, id: number): string {
  const staged = stagedNames(columns, 'top')[columns.findIndex((column) => column.fieldId === id)]
  if (staged !== undefined) return sqlName(staged)
  throw new MoraineError(
    'corrupt',
    `${files[0]?.filePath} is no position delete file: it has no column of field id ${id}`,
  )
}
