import { INTERNAL_PREFIX } from '../sql/column-names.ts'

// Names that the statements about deletes share, unquoted. None can be a column of the table: see column-names.ts.

/** Keys of deleted rows as `k`, each once: `ordinal << 32 | position`. */
export const POSITIONS_TABLE: string = `${INTERNAL_PREFIX}positions`

/** Of a row of the source: what {@link POSITIONS_TABLE} has as `k`. */
export const ROW_KEY: string = `${INTERNAL_PREFIX}key`

/** Of a row or an equality key: the data sequence number of its file. */
export const SEQUENCE: string = `${INTERNAL_PREFIX}sequence`
