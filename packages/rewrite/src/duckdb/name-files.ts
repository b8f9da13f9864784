import { isKind, MoraineError } from '@moraine/stdx/error'
import { sqlText } from '../sql/sql-text.ts'
import type { DuckDbSession } from './duckdb-pool.ts'

/** A file by the path where DuckDB reads it and the location that the table has for it. */
type NamedFile = { readonly stagedPath: string; readonly filePath: string }

/**
 * Runs statements over staged files so that a failure names the file as the table knows it. DuckDB often does not say
 * which of many files is damaged; then each is read by itself until one fails.
 */
export async function namingFiles<T>(
  session: DuckDbSession,
  files: readonly NamedFile[],
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof MoraineError)) throw error
    const named = withLocations(error, files)
    if (named !== error || !isKind(error, 'corrupt')) throw named
    throw (await findDamaged(session, files)) ?? error
  }
}

function withLocations(error: MoraineError, files: readonly NamedFile[]): MoraineError {
  // Longest first, so that no path is replaced inside another.
  const known = files.toSorted((a, b) => b.stagedPath.length - a.stagedPath.length)
  const message = known.reduce((text, file) => text.replaceAll(file.stagedPath, file.filePath), error.message)
  return message === error.message ? error : new MoraineError(error.kind, message, { cause: error })
}

async function findDamaged(session: DuckDbSession, files: readonly NamedFile[]): Promise<MoraineError | undefined> {
  for (const file of files) {
    const sql = `SELECT bit_xor(hash(t)) AS h FROM read_parquet(${sqlText(file.stagedPath)}, hive_partitioning=false) t`
    try {
      await session.query(sql)
    } catch (error) {
      if (!isKind(error, 'corrupt')) throw error
      const message = `${file.filePath} is damaged: ${error.message}. Restore the file, or remove it from the table`
      return new MoraineError('corrupt', message, { cause: error })
    }
  }
  return undefined
}
