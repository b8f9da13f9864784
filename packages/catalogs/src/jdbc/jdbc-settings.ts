import { MoraineError } from '@moraine/stdx/error'
import { type TlsDemand, tlsDemand } from '@moraine/stdx/tls-demand'
import type { JdbcDialectName } from './jdbc-database.ts'

/** Whether the tables of a catalog, and a file for them, are made where they are missing: `true` if absent. */
export const CREATES_JDBC_TABLES = 'jdbc.init-catalog-tables'

export const JDBC_CATALOG_NAME = 'jdbc.catalog-name'

export type JdbcSettings = {
  readonly server: JdbcServer | JdbcFile
  readonly warehouse: string
  /** The name that its writers give it, which is part of the key of every row; that of the registration if absent. */
  readonly catalogName?: string
  /** Which schema to create, or to change an older one to. */
  readonly schemaVersion: JdbcSchemaVersion
  /** Whether a table's namespace has to be there before the table is. */
  readonly isStrict: boolean
  readonly createsTables: boolean
}

/** V0 has no views. */
export type JdbcSchemaVersion = 'V0' | 'V1'

export type JdbcServer = {
  readonly dialect: Exclude<JdbcDialectName, 'sqlite'>
  readonly host: string
  readonly port: number
  readonly database: string
  readonly user?: string
  /** Never to be shown. */
  readonly password?: string
  readonly tls: TlsDemand
  /** PostgreSQL's `search_path`. */
  readonly searchPath?: string
}

/** `path` may be `:memory:`. Where no tables are to be created, no file is either. */
export type JdbcFile = { readonly dialect: 'sqlite'; readonly path: string; readonly mustExist?: true }

/**
 * The properties of Iceberg's JdbcCatalog, with the addresses of PyIceberg's SqlCatalog as well: `uri`, `warehouse`,
 * `jdbc.user`, `jdbc.password`, `jdbc.schema-version`, `jdbc.strict-mode`, `jdbc.init-catalog-tables`; `jdbc.catalog-name` for the name that other writers give it. What else begins
 * with `jdbc.` is a parameter of the connection, as are those of the address; of these user, password, what concerns TLS
 * ({@link tlsDemand}) and `currentSchema` count.
 *
 * @throws {MoraineError} `invalid-input` or `unsupported`; the message never shows the address
 */
export function jdbcSettings(properties: Readonly<Record<string, string>>): JdbcSettings {
  const { uri, warehouse } = properties
  if (uri === undefined || uri === '') throw invalid('the JDBC catalog needs the property uri')
  if (warehouse === undefined || warehouse === '') throw invalid('the JDBC catalog needs the property warehouse')
  const version = (properties['jdbc.schema-version'] ?? 'V0').trim().toUpperCase()
  if (version !== 'V0' && version !== 'V1') throw invalid(`jdbc.schema-version is "${version}"; set it to V0 or V1`)
  const createsTables = flag(properties, CREATES_JDBC_TABLES, true)
  const catalogName = properties[JDBC_CATALOG_NAME]
  const server = parseUri(uri.trim(), properties)
  return {
    server: server.dialect === 'sqlite' && !createsTables ? { ...server, mustExist: true } : server,
    warehouse,
    ...(catalogName !== undefined && catalogName !== '' && { catalogName }),
    schemaVersion: version,
    isStrict: flag(properties, 'jdbc.strict-mode', false),
    createsTables,
  }
}

function parseUri(uri: string, properties: Readonly<Record<string, string>>): JdbcServer | JdbcFile {
  const [, scheme = '', rest = ''] = /^(?:jdbc:)?([a-z]+)(?:\+\w+)?:(.*)$/is.exec(uri) ?? []
  switch (scheme.toLowerCase()) {
    case 'sqlite':
      return { dialect: 'sqlite', path: sqlitePath(rest) }
    case 'postgresql':
    case 'postgres':
      return parseServer('postgresql', rest, properties)
    case 'mysql':
    case 'mariadb':
      return parseServer('mysql', rest, properties)
    default:
      throw new MoraineError(
        'unsupported',
        'the uri of a JDBC catalog begins with jdbc:sqlite:, jdbc:postgresql:, jdbc:mysql: or jdbc:mariadb:, with or without jdbc:',
      )
  }
}

/** `FILE` as JDBC has it, `///FILE` as SQLAlchemy has it. What a driver may be told after `?` concerns that driver. */
function sqlitePath(rest: string): string {
  const path = (rest.startsWith('///') ? rest.slice(3) : rest).split('?')[0] ?? ''
  if (path === '' || /^file:/i.test(path))
    throw invalid('the uri of an SQLite catalog names a file: jdbc:sqlite:/data/catalog.db')
  return path
}

function parseServer(
  dialect: JdbcServer['dialect'],
  rest: string,
  properties: Readonly<Record<string, string>>,
): JdbcServer {
  // JDBC's short form of a database on this machine.
  const url = parseUrl(rest.startsWith('//') ? `x:${rest}` : `x://localhost/${rest}`)
  const parameters = new Map(url.searchParams)
  for (const [key, value] of Object.entries(properties)) {
    if (key.startsWith('jdbc.')) parameters.set(key.slice('jdbc.'.length), value)
  }
  const database = decoded(url.pathname.slice(1))
  if (database === '') throw invalid('the uri of a JDBC catalog names a database: jdbc:postgresql://host:5432/database')
  const user = parameters.get('user') ?? (decoded(url.username) || undefined)
  const password = parameters.get('password') ?? (decoded(url.password) || undefined)
  const searchPath = parameters.get('currentSchema')
  return {
    dialect,
    host: url.hostname.replace(/^\[(.*)\]$/, '$1') || 'localhost',
    port: url.port === '' ? DEFAULT_PORT[dialect] : Number(url.port),
    database,
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password }),
    ...(searchPath === undefined ? {} : { searchPath }),
    tls: tlsDemand(parameters, 'the JDBC catalog'),
  }
}

const DEFAULT_PORT = { postgresql: 5432, mysql: 3306 } as const

function parseUrl(text: string): URL {
  if (/^x:\/\/[^/?]*,/.test(text)) {
    throw new MoraineError(
      'unsupported',
      'the uri of a JDBC catalog names several servers; name the one that takes writes',
    )
  }
  try {
    return new URL(text)
  } catch {
    // The cause would show the whole address.
    throw invalid('the uri of the JDBC catalog is no address; encode signs such as @ : / in user and password with %')
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw invalid('the uri of the JDBC catalog has a % that encodes nothing; write %25 for %')
  }
}

function flag(properties: Readonly<Record<string, string>>, key: string, otherwise: boolean): boolean {
  const text = properties[key]?.trim().toLowerCase()
  if (text === undefined) return otherwise
  if (text === 'true' || text === 'false') return text === 'true'
  throw invalid(`${key} is "${properties[key]}"; set it to true or false`)
}

function invalid(message: string): MoraineError {
  return new MoraineError('invalid-input', message)
}
