import { openServer, type ServerSurroundings } from '../server/open-server.ts'
import type { ServerSettings } from '../server/server-settings.ts'
import type { OpenDatabase } from '../sqlite/open-sqlite.ts'
import { mysqlParts } from './mysql-parts.ts'

/**
 * The service's state in MySQL 8.0.17 or MariaDB 10.6, or later. Connections are made when they are needed, and made anew
 * when they are lost.
 *
 * @throws {MoraineError} `unauthenticated`, `not-found` or `permission` if the settings or rights are wrong, `unavailable`
 * if nobody answers, `unsupported` if a newer server wrote it or it is of no use
 */
export async function openMysql(settings: ServerSettings, surroundings: ServerSurroundings): Promise<OpenDatabase> {
  return openServer(settings, await mysqlParts(settings, surroundings), surroundings)
}
