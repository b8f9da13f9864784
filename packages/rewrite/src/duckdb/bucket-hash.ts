// Apart from the functions themselves, so that a process which only makes statements does not load DuckDB.

/** Names of the functions, by what they take: BIGINT, BLOB, and VARCHAR with an unscaled decimal's digits. */
export const BUCKET_HASH = {
  long: 'moraine_bucket_hash_long',
  bytes: 'moraine_bucket_hash_bytes',
  unscaled: 'moraine_bucket_hash_unscaled',
} as const
