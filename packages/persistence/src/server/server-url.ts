import { MoraineError } from '@moraine/stdx/error'
import { tlsDemand } from '@moraine/stdx/tls-demand'
import type { ServerEngine, ServerSettings } from './server-settings.ts'

/** What the address of a database says. `user` and `password` are empty where it does not. */
export type ServerAddress = Pick<ServerSettings, 'host' | 'port' | 'database' | 'user' | 'password' | 'tls'> & {
  readonly schema?: string
  /** A file of certificates in PEM. */
  readonly rootCertificatePath?: string
}

/**
 * Reads `database.url`: `jdbc:postgresql://host:5432/database?sslmode=verify-full`, `jdbc:mysql://…`, `jdbc:mariadb://…`, with
 * or without `jdbc:`. Of the parameters count `user`, `password`, `currentSchema`, `sslrootcert`, and those for TLS of
 * {@link tlsDemand}.
 *
 * @throws {MoraineError} `invalid-input`; the message never shows the address, which may hold a password
 */
export function parseServerUrl(engine: ServerEngine, text: string): ServerAddress {
  const [, scheme = '', rest = ''] = /^\s*(?:jdbc:)?([a-z]+):(\/\/.*?)\s*$/is.exec(text) ?? []
  if (!SCHEMES[engine].includes(scheme.toLowerCase())) {
    throw invalid(`it has to begin with jdbc:${SCHEMES[engine][0]}:// where database.type is ${engine}`)
  }
  if (/^\/\/[^/?]*,/.test(rest)) throw invalid('it names several servers; name the one that takes writes')
  const url = parseUrl(`x:${rest}`)
  const parameters = url.searchParams
  const database = decoded(url.pathname.slice(1))
  if (database === '' || database.includes('/')) {
    throw invalid('it has to name a database, as in jdbc:postgresql://host:5432/moraine')
  }
  const schema = parameters.get('currentSchema') ?? ''
  const rootCertificatePath = parameters.get('sslrootcert') ?? ''
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1') || 'localhost',
    port: url.port === '' ? DEFAULT_PORT[engine] : Number(url.port),
    database,
    user: parameters.get('user') ?? decoded(url.username),
    password: parameters.get('password') ?? decoded(url.password),
    tls: tlsDemand(parameters, 'setting database.url'),
    ...(schema !== '' && { schema }),
    ...(rootCertificatePath !== '' && { rootCertificatePath }),
  }
}

const SCHEMES: Readonly<Record<ServerEngine, readonly string[]>> = {
  postgres: ['postgresql', 'postgres'],
  mysql: ['mysql', 'mariadb'],
}

const DEFAULT_PORT: Readonly<Record<ServerEngine, number>> = { postgres: 5432, mysql: 3306 }

function parseUrl(text: string): URL {
  try {
    return new URL(text)
  } catch {
    // The cause would show the whole address.
    throw invalid('it is no address; signs such as @ : / in user and password have to be written with %')
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw invalid('it has a % that encodes nothing; % itself is written %25')
  }
}

function invalid(why: string): MoraineError {
  return new MoraineError('invalid-input', `setting database.url: ${why}`)
}
