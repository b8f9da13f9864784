import { type ErrorKind, isKind, MoraineError } from '@moraine/stdx/error'
import type { Trouble } from '../server/database-failure.ts'
import type { FailureMeaning } from '../server/server-pool.ts'

/** By the error numbers of MySQL and MariaDB, then by SQLSTATE. What has none happened to the connection. */
export function explainMysql(error: unknown): FailureMeaning {
  if (error instanceof MoraineError) {
    return { trouble: isKind(error, 'timeout') ? 'lost' : 'refused', kind: error.kind, text: error.message }
  }
  const { code = '', errno = 0, sqlState, message = String(error) } = error as MysqlError
  const text = message === '' ? code : message
  if (sqlState === undefined) return explainConnection(error, code, text)
  const [trouble, kind, remedy] = NUMBERS[errno] ?? STATES[sqlState.slice(0, 2)] ?? UNEXPECTED
  return { trouble, kind, text: remedy === undefined ? text : `${text}; ${remedy}` }
}

type MysqlError = {
  readonly code?: string
  readonly errno?: number
  readonly sqlState?: string
  readonly message?: string
}

function explainConnection(error: unknown, code: string, text: string): FailureMeaning {
  if (error instanceof TypeError) return { trouble: 'refused', kind: 'internal', text }
  if (code === 'PROTOCOL_SEQUENCE_TIMEOUT') {
    return { trouble: 'lost', kind: 'timeout', text: 'the server did not answer in time (database.statement-timeout)' }
  }
  if (/CERT|SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER|HANDSHAKE_SSL|NO_SSL/.test(code)) {
    const remedy = 'TLS was not agreed on; check sslmode and sslrootcert in database.url'
    return { trouble: 'lost', kind: 'unauthenticated', text: `${text}; ${remedy}` }
  }
  return { trouble: 'lost', kind: 'unavailable', text }
}

type Meaning = readonly [Trouble, ErrorKind, string?]

const UNEXPECTED: Meaning = ['refused', 'internal']
const LOGIN: Meaning = ['refused', 'unauthenticated', 'check database.username and database.password']
const RIGHTS: Meaning = [
  'refused',
  'permission',
  'grant the user of database.username all rights on the database of database.url',
]
const LIMIT: Meaning = ['refused', 'timeout', 'it took longer than database.statement-timeout']
const FULL: Meaning = ['refused', 'exhausted', 'make room']
const STANDBY: Meaning = [
  'refused',
  'unavailable',
  'this server takes no changes; it may be a replica of another that does',
]
const CROWD: Meaning = [
  'refused',
  'unavailable',
  'lower database.connection-pool-max-total, or raise max_connections there',
]
const DEADLOCK: Meaning = ['in-the-way', 'unavailable', 'other transactions were in the way each time']
const LOST: Meaning = ['lost', 'unavailable']

const NUMBERS: Readonly<Record<number, Meaning>> = {
  1020: DEADLOCK,
  1021: FULL,
  1040: CROWD,
  1044: RIGHTS,
  1045: LOGIN,
  1049: ['refused', 'not-found', 'create it, or mend database.url'],
  1053: LOST,
  1062: ['duplicate', 'conflict'],
  1114: FULL,
  1142: RIGHTS,
  1146: ['refused', 'not-found', 'set database.auto-create-tables, or create the tables'],
  1153: ['refused', 'invalid-input', 'raise max_allowed_packet there'],
  // The wait for a lock ended; only the statement was taken back, and the transaction is given up by whoever made it.
  1205: ['in-the-way', 'unavailable', 'another transaction holds the row'],
  1213: DEADLOCK,
  1226: CROWD,
  1227: RIGHTS,
  1290: STANDBY,
  1317: LIMIT,
  1698: LOGIN,
  1836: STANDBY,
  1927: LOST,
  1969: LIMIT,
  3024: LIMIT,
  3169: LOST,
  4031: LOST,
}

const STATES: Readonly<Record<string, Meaning>> = {
  '08': LOST,
  '22': ['refused', 'invalid-input'],
  '28': LOGIN,
  '40': DEADLOCK,
}
