import { fileURLToPath } from 'node:url'
import { COLUMN_LIST, FIELD_IDS, isHitByPosition, ROW_NUMBER } from './generated-rows.ts'
import type { BenchTable } from './make-table.ts'
import { type Cost, measure } from './measure.ts'
import { EQUALITY_FILES, ROUNDS, roundOf, type Workload } from './workload.ts'

const PROGRAM = fileURLToPath(new URL('plain-duckdb.ts', import.meta.url))
const TARGET_MB = 128

/** The same rows written by DuckDB alone: two processes of one thread, each with one half of the files. */
export async function plainRewrite(table: BenchTable, workload: Workload, directory: string): Promise<Cost> {
  const half = Math.ceil(table.dataFiles.length / 2)
  const statements = [table.dataFiles.slice(0, half), table.dataFiles.slice(half)].map(
    (files, at) =>
      `COPY (${selectSql(table, workload, files, at * half)}) TO '${directory}' (FORMAT parquet, COMPRESSION zstd, FIELD_IDS ${FIELD_IDS}, FILE_SIZE_BYTES '${TARGET_MB}MiB', FILENAME_PATTERN 'half${at}_{i}', OVERWRITE_OR_IGNORE true)`,
  )
  const both = '"$1" "$2" "$3" "$5/spill0" & "$1" "$2" "$4" "$5/spill1"; code=$?; wait $! && exit $code'
  return measure('bash', ['-c', both, 'bash', process.execPath, PROGRAM, ...statements, directory])
}

function selectSql(table: BenchTable, workload: Workload, files: readonly string[], firstFile: number): string {
  const source = `read_parquet(${list(files)}, hive_partitioning=false)`
  switch (workload.deletes) {
    case 'none':
      return `SELECT ${COLUMN_LIST} FROM ${source}`
    case 'position-deletes': {
      const own = table.deleteFiles.slice(firstFile, firstFile + files.length)
      const positions = `SELECT file_index::BIGINT * 4294967296 + pos AS k FROM read_parquet(${list(own)})`
      return `SELECT ${COLUMN_LIST} FROM (SELECT *, file_index::BIGINT * 4294967296 + file_row_number AS k FROM ${source}) d ANTI JOIN (${positions}) p ON d.k = p.k`
    }
    case 'deletion-vectors':
      // DuckDB cannot read vectors; it gets the condition by which they were made, which is cheaper.
      return `SELECT ${COLUMN_LIST} FROM ${source} WHERE NOT ${isHitByPosition(ROW_NUMBER)}`
    case 'equality-deletes': {
      const rounds = files.map((_, at) => roundOf(firstFile + at, table.dataFiles.length))
      const keys = `SELECT *, (file_index * ${ROUNDS} // ${EQUALITY_FILES})::BIGINT AS round FROM read_parquet(${list(table.deleteFiles)})`
      const rows = `SELECT *, [${rounds.join(', ')}][(file_index + 1)::BIGINT] AS round FROM ${source}`
      return `SELECT ${COLUMN_LIST} FROM (${rows}) d ANTI JOIN (${keys}) e ON d.l_orderkey IS NOT DISTINCT FROM e.l_orderkey AND d.l_linenumber IS NOT DISTINCT FROM e.l_linenumber AND d.round <= e.round`
    }
  }
}

function list(paths: readonly string[]): string {
  return `[${paths.map((path) => `'${path}'`).join(', ')}]`
}
