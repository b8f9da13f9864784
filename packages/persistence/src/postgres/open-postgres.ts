import { openServer, type ServerSurroundings } from '../server/open-server.ts'
import type { ServerSettings } from '../server/server-settings.ts'
import type { OpenDatabase } from '../sqlite/open-sqlite.ts'
import { POSTGRES_PARTS } from './postgres-parts.ts'

/**
 * The service's state in PostgreSQL 12 or later. Connections are made when they are needed, and made anew when they are
 * lost: a database that was away for long is used again as soon as it is back.
 *
 * @throws {MoraineError} `unauthenticated`, `not-found` or `permission` if the settings or rights are wrong, `unavailable`
 * if nobody answers, `unsupported` if a newer server wrote it or it is of no use
 */
export function openPostgres(settings: ServerSettings, surroundings: ServerSurroundings): Promise<OpenDatabase> {
  return openServer(settings, POSTGRES_PARTS, surroundings)
}
