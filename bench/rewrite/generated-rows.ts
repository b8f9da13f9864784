import type { NestedField } from '@moraine/iceberg/schema/type'
import { EQUALITY_FILES, EQUALITY_KEYS, ROUNDS, type Workload } from './workload.ts'

// Shaped like TPC-H's lineitem: some 25 bytes a row in zstd Parquet. Everything is a function of the row's number `i`.

type Column = readonly [name: string, type: NestedField['type'], sql: string]

const DECIMAL = { kind: 'decimal', precision: 15, scale: 2 } as const

/** An integer below `limit` that looks random; `salt` tells columns apart. */
const pick = (salt: number, limit: number) => `(hash(i * 64 + ${salt}) % ${limit})`
const word = (salt: number, words: readonly string[]) =>
  `[${words.map((each) => `'${each}'`).join(', ')}][(${pick(salt, words.length)} + 1)::BIGINT]`
const cents = (salt: number, limit: number) => `(${pick(salt, limit)}::BIGINT / 100.0)::DECIMAL(15, 2)`
const day = (salt: number) => `DATE '1992-01-01' + ${pick(salt, 2500)}::INTEGER`

const ADJECTIVES =
  'quick slow bold shy even odd final regular special express pending silent ironic careful furious blithe'.split(' ')
const NOUNS =
  'deposits accounts requests packages foxes ideas theodolites pinto platelets courts dolphins sheaves warthogs dugouts frays instructions'.split(
    ' ',
  )

const COLUMNS: readonly Column[] = [
  ['l_orderkey', { kind: 'long' }, '(i // 4)::BIGINT'],
  ['l_partkey', { kind: 'int' }, `${pick(1, 200_000)}::INTEGER`],
  ['l_suppkey', { kind: 'int' }, `${pick(2, 10_000)}::INTEGER`],
  ['l_linenumber', { kind: 'int' }, '(i % 4)::INTEGER'],
  ['l_quantity', DECIMAL, cents(3, 5000)],
  ['l_extendedprice', DECIMAL, cents(4, 10_000_000)],
  ['l_discount', DECIMAL, cents(5, 11)],
  ['l_tax', DECIMAL, cents(6, 9)],
  ['l_returnflag', { kind: 'string' }, word(7, ['A', 'N', 'R'])],
  ['l_linestatus', { kind: 'string' }, word(8, ['F', 'O'])],
  ['l_shipdate', { kind: 'date' }, day(9)],
  ['l_commitdate', { kind: 'date' }, day(10)],
  ['l_receiptdate', { kind: 'date' }, day(11)],
  ['l_shipinstruct', { kind: 'string' }, word(12, ['COLLECT COD', 'DELIVER IN PERSON', 'NONE', 'TAKE BACK RETURN'])],
  ['l_shipmode', { kind: 'string' }, word(13, ['AIR', 'FOB', 'MAIL', 'RAIL', 'REG AIR', 'SHIP', 'TRUCK'])],
  ['l_priority', { kind: 'string' }, word(14, ['1-URGENT', '2-HIGH', '3-MEDIUM', '4-NOT SPECIFIED', '5-LOW'])],
  [
    'l_comment',
    { kind: 'string' },
    [word(15, ADJECTIVES), word(16, NOUNS), word(17, ADJECTIVES), word(18, NOUNS)].join(` || ' ' || `),
  ],
]

export const FIELDS: readonly NestedField[] = COLUMNS.map(([name, type], at) => ({
  id: at + 1,
  name,
  required: false,
  type,
}))
export const COLUMN_LIST: string = COLUMNS.map(([name]) => name).join(', ')
export const FIELD_IDS: string = `{${FIELDS.map(({ name, id }) => `${name}: ${id}`).join(', ')}}`

/** The columns by which equality deletes name rows. */
export const KEY_FIELDS: readonly NestedField[] = FIELDS.filter(
  ({ name }) => name === 'l_orderkey' || name === 'l_linenumber',
)

/** The number of a row by its columns. */
export const ROW_NUMBER = '(l_orderkey * 4 + l_linenumber)'

export function rowsSql(first: number, rows: number): string {
  const items = COLUMNS.map(([name, , sql]) => `${sql} AS ${name}`).join(',\n  ')
  return `SELECT\n  ${items}\nFROM range(${first}, ${first + rows}) r(i)`
}

/** 5 % of the rows, strewn. */
export const isHitByPosition = (row: string): string => `(hash(${row} * 64 + 63) % 20 = 7)`

/** The numbers of the rows that a file of equality deletes names: every tenth, whether the table has it or not. */
export function equalityKeysSql(file: number): string {
  const each = EQUALITY_KEYS / EQUALITY_FILES
  return `SELECT (i // 4)::BIGINT AS l_orderkey, (i % 4)::INTEGER AS l_linenumber
    FROM (SELECT (k * ${EQUALITY_FILES} + ${file}) * 10 + 3 AS i FROM range(${each}) r(k))`
}

/**
 * Whether a row is deleted, told from its number alone: no file of deletes is read for it, and no join is made, so it
 * shares no fault with what is measured.
 */
export function isDeletedSql(workload: Workload): string {
  const row = ROW_NUMBER
  if (workload.deletes === 'none') return 'FALSE'
  if (workload.deletes !== 'equality-deletes') return isHitByPosition(row)
  // Files of equal size: the turn of a row's file, and that of the file that holds its key.
  const rowRound = `((${row} // ${workload.fileRows[0]}) * ${ROUNDS} // ${workload.fileRows.length})`
  const keyRound = `(((${row} // 10) % ${EQUALITY_FILES}) * ${ROUNDS} // ${EQUALITY_FILES})`
  return `(${row} % 10 = 3 AND ${row} // 10 < ${EQUALITY_KEYS} AND ${rowRound} <= ${keyRound})`
}
