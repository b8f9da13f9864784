import { constants, copyFile, mkdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type DatabaseSettings, openDatabase } from '@moraine/persistence/open-database'
import { type GeneratedLake, generateLake } from './generated-lake.ts'
import { registerTables } from './register-tables.ts'

export type PreparedLakeOptions = {
  readonly cacheDir: string
  /** Of the database, where it is SQLite; not there yet. */
  readonly path: string
  readonly tables: number
  readonly settings: DatabaseSettings
  readonly surroundings: Parameters<typeof openDatabase>[2]
}

/**
 * The tables with their registrations. What takes minutes is made once: the metadata files, and an SQLite database, of
 * which each run has a copy. A database of a server has to be empty.
 */
export async function preparedLake(options: PreparedLakeOptions): Promise<GeneratedLake> {
  const { cacheDir, path, tables, settings, surroundings } = options
  const isSqlite = settings.engine === 'sqlite'
  const directory = join(cacheDir, `service-${tables}${isSqlite ? '' : '-server'}`)
  const [made, complete] = [join(directory, 'moraine.db'), join(directory, 'complete')]
  const isMade = isSqlite && (await stat(complete).catch(() => undefined)) !== undefined
  if (!isMade) await rm(directory, { recursive: true, force: true })
  await mkdir(directory, { recursive: true })
  const lake = await generateLake(join(directory, 'warehouse'))
  if (!isMade) {
    const { stores, close } = await openDatabase(settings, made, surroundings)
    await registerTables(stores, lake, tables)
    await close()
    await writeFile(complete, '')
  }
  if (isSqlite) await copyFile(made, path, constants.COPYFILE_FICLONE)
  return lake
}
