import { type RawBuilder, sql } from 'kysely'

/** What engines say in different words. */
export type EngineWords = {
  /** The levels of the column `namespace`, a JSON array, joined by dots. */
  readonly databaseName: RawBuilder<string>
  /** Of the column `evaluation`, a JSON object. */
  readonly metadataLocation: RawBuilder<string>
  /** In the same letter case, unlike `like`. */
  contains(text: RawBuilder<unknown>, part: string): RawBuilder<boolean>
  /** The clock of the database, in epoch milliseconds. */
  readonly nowMs: RawBuilder<number>
  /** At the end of a select: its rows stay as they are until the transaction ends, but for columns that are no key. */
  readonly holdRows: RawBuilder<unknown>
  /** At the end of a select: waits for those who hold its rows, and keeps them to itself until the transaction ends. */
  readonly takeRows: RawBuilder<unknown>
}

const NOTHING = sql``

/** One transaction at a time changes anything: there is nothing to hold. */
export const SQLITE_WORDS: EngineWords = {
  databaseName: sql<string>`(select group_concat(value, '.' order by key) from json_each(namespace))`,
  metadataLocation: sql<string>`json_extract(evaluation, '$.metadataLocation')`,
  contains: (text, part) => sql<boolean>`instr(${text}, ${part}) > 0`,
  nowMs: sql<number>`cast(unixepoch('subsec') * 1000 as integer)`,
  holdRows: NOTHING,
  takeRows: NOTHING,
}

export const POSTGRES_WORDS: EngineWords = {
  databaseName: sql<string>`(select string_agg(level, '.' order by place) from json_array_elements_text(namespace::json) with ordinality as levels (level, place))`,
  metadataLocation: sql<string>`(evaluation::json ->> 'metadataLocation')`,
  contains: (text, part) => sql<boolean>`strpos(${text}, ${part}) > 0`,
  // Not that of the transaction's begin.
  nowMs: sql<number>`cast(floor(extract(epoch from clock_timestamp()) * 1000) as bigint)`,
  // Whoever renews a lease does not wait for those who write under it.
  holdRows: sql`for key share`,
  takeRows: sql`for update`,
}

/** Sessions are in UTC, or an hour of autumn would come twice. */
export const MYSQL_WORDS: EngineWords = {
  databaseName: sql<string>`(select group_concat(level order by place separator '.') from json_table(namespace, '$[*]' columns (place for ordinality, level longtext path '$')) as levels)`,
  metadataLocation: sql<string>`json_unquote(json_extract(evaluation, '$.metadataLocation'))`,
  // Bytes have no letter case.
  contains: (text, part) => sql<boolean>`instr(cast(${text} as binary), cast(${part} as binary)) > 0`,
  nowMs: sql<number>`cast(floor(unix_timestamp(now(6)) * 1000) as signed)`,
  holdRows: sql`lock in share mode`,
  takeRows: sql`for update`,
}
