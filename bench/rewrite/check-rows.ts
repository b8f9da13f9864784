import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { openTableDirectory } from '@moraine/catalogs/filesystem/table-directory'
import { currentSnapshot } from '@moraine/iceberg/metadata/snapshot-history'
import { readLiveFiles } from '@moraine/iceberg/scan/read-manifests'
import { must } from '@moraine/stdx/assert'
import { systemClock } from '@moraine/stdx/clock'
import { systemRandom } from '@moraine/stdx/random'
import { localFileIO } from '@moraine/storage/local-file-io'
import { ROW_NUMBER } from './generated-rows.ts'
import { type BenchTable, rowFigures } from './make-table.ts'
import { openSql } from './sql.ts'
import type { Workload } from './workload.ts'

export type Checked = { readonly outputBytes: number; readonly outputFiles: number; readonly isRight: boolean }

/** Reads the table's current rows, of which no file of deletes may be left, and holds them to what they must be. */
export async function checkTable(table: BenchTable, workload: Workload): Promise<Checked> {
  const io = localFileIO(systemRandom)
  const store = await openTableDirectory(
    { io, clock: systemClock, random: systemRandom, onLeftover: () => undefined },
    table.location,
  )
  const { metadata } = await store.loadTable(store.identifier)
  const { data, deletes } = await readLiveFiles(io, metadata, must(currentSnapshot(metadata), 'a snapshot'))
  const paths = data.map(({ file }) => file.filePath)
  const isNew = paths.every((path) => !table.dataFiles.includes(path))
  const checked = await check(paths, table, workload.formatVersion === 3)
  return { ...checked, isRight: checked.isRight && isNew && deletes.length === 0 }
}

export async function checkFiles(directory: string, table: BenchTable): Promise<Checked> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.parquet'))
  return check(
    names.map((name) => join(directory, name)),
    table,
    false,
  )
}

async function check(paths: readonly string[], table: BenchTable, withLineage: boolean): Promise<Checked> {
  const sizes = await Promise.all(paths.map(async (path) => (await stat(path)).size))
  const sql = await openSql()
  try {
    const found = await rowFigures(sql, paths)
    const isRight = found.rows === table.expected.rows && found.hash === table.expected.hash
    return {
      outputBytes: sizes.reduce((sum, size) => sum + size, 0),
      outputFiles: paths.length,
      isRight: isRight && (!withLineage || (await hasLineage(paths))),
    }
  } finally {
    sql.close()
  }

  // All rows came with the first commit, in order: their ids are their numbers, and nothing updated them since.
  async function hasLineage(files: readonly string[]): Promise<boolean> {
    const list = files.map((path) => `'${path}'`).join(', ')
    const [row] = await sql.rows(
      `SELECT count(*) FILTER (_row_id IS DISTINCT FROM ${ROW_NUMBER} OR _last_updated_sequence_number IS DISTINCT FROM 1) FROM read_parquet([${list}])`,
    )
    return row?.[0] === 0n
  }
}
