import { readFile } from 'node:fs/promises'
import { MoraineError } from '@moraine/stdx/error'
import { openMysql } from './mysql/open-mysql.ts'
import { openPostgres } from './postgres/open-postgres.ts'
import type { ServerSurroundings } from './server/open-server.ts'
import type { ServerEngine, ServerSettings } from './server/server-settings.ts'
import { type OpenDatabase, openSqlite } from './sqlite/open-sqlite.ts'

export type DatabaseSettings =
  | { readonly engine: 'sqlite' }
  | {
      readonly engine: ServerEngine
      readonly server: ServerSettings
      /** Certificates in PEM that are trusted instead of those of the system. */
      readonly rootCertificatePath?: string
    }

/**
 * Opens the database that holds the service's state, and brings it up to this version.
 *
 * @param path of the file where it is SQLite
 * @throws {MoraineError} as `openSqlite`, `openPostgres` and `openMysql`
 */
export async function openDatabase(
  settings: DatabaseSettings,
  path: string,
  surroundings: ServerSurroundings,
): Promise<OpenDatabase> {
  if (settings.engine === 'sqlite') return openSqlite(path)
  const { engine, rootCertificatePath } = settings
  const server: ServerSettings =
    rootCertificatePath === undefined
      ? settings.server
      : { ...settings.server, rootCertificate: await readCertificate(rootCertificatePath) }
  return engine === 'postgres' ? openPostgres(server, surroundings) : openMysql(server, surroundings)
}

async function readCertificate(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new MoraineError('invalid-input', `setting database.url: sslrootcert ${path} cannot be read`, { cause })
  }
}
