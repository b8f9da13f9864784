import type { ErrorKind } from '@moraine/stdx/error'
import { isKind, MoraineError } from '@moraine/stdx/error'
import pg from 'pg'
import type { Trouble } from '../server/database-failure.ts'
import type { FailureMeaning } from '../server/server-pool.ts'

/** By the codes of PostgreSQL (its manual, appendix A). What has none happened to the connection. */
export function explainPostgres(error: unknown): FailureMeaning {
  if (error instanceof MoraineError) {
    return { trouble: isKind(error, 'timeout') ? 'lost' : 'refused', kind: error.kind, text: error.message }
  }
  const code = error instanceof pg.DatabaseError ? error.code : undefined
  if (code === undefined) return explainConnection(error)
  const [trouble, kind, remedy] = CODES[code] ?? CODES[code.slice(0, 2)] ?? UNEXPECTED
  const text = error instanceof Error ? error.message : String(error)
  return { trouble, kind, text: remedy === undefined ? text : `${text}; ${remedy}` }
}

function explainConnection(error: unknown): FailureMeaning {
  // Of several addresses that did not answer there is no text, but a code.
  const { message = String(error), code = '' } = error as { readonly message?: string; readonly code?: string }
  if (message === 'Query read timeout') {
    return { trouble: 'lost', kind: 'timeout', text: 'the server did not answer in time (database.statement-timeout)' }
  }
  const text = message === '' ? code : message
  if (message.startsWith('SASL: SCRAM')) {
    const problem = /password must be/.test(message) ? 'the server asks for a password' : message
    return { trouble: 'refused', kind: 'unauthenticated', text: `${problem}; set database.password` }
  }
  if (CERTIFICATE.test(code)) {
    const remedy = 'its certificate is not trusted; name the one that signed it as sslrootcert in database.url'
    return { trouble: 'lost', kind: 'unauthenticated', text: `${text}; ${remedy}` }
  }
  return { trouble: 'lost', kind: 'unavailable', text }
}

const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER/

type Meaning = readonly [Trouble, ErrorKind, string?]

const UNEXPECTED: Meaning = ['refused', 'internal']
const LOGIN: Meaning = ['refused', 'unauthenticated', 'check database.username and database.password']
const STANDBY: Meaning = [
  'refused',
  'unavailable',
  'this server takes no changes; it may be a standby of another that does',
]

const CODES: Readonly<Record<string, Meaning>> = {
  '08': ['lost', 'unavailable'],
  '22': ['refused', 'invalid-input'],
  '23505': ['duplicate', 'conflict'],
  // The same key was added by two transactions, each of which had looked for it.
  '40': ['in-the-way', 'unavailable', 'other transactions were in the way each time'],
  '40003': ['lost', 'unavailable'],
  '55P03': ['in-the-way', 'unavailable', 'another transaction holds the row'],
  '57014': ['refused', 'timeout', 'it took longer than database.statement-timeout'],
  '57': ['lost', 'unavailable'],
  '25006': STANDBY,
  '25P03': ['lost', 'timeout'],
  '28': LOGIN,
  '3D000': ['refused', 'not-found', 'create it, or mend database.url'],
  '3F000': ['refused', 'not-found', 'create the schema, or mend currentSchema in database.url'],
  '42501': ['refused', 'permission', 'grant the user of database.username the rights to use and create tables'],
  '42P01': ['refused', 'not-found', 'set database.auto-create-tables, or create the tables'],
  '53': ['refused', 'unavailable'],
  '53100': ['refused', 'exhausted', 'make room'],
  // Raised where there are as many connections as the server takes: no statement was begun.
  '53300': ['refused', 'unavailable', 'lower database.connection-pool-max-total, or raise max_connections there'],
  '58': ['lost', 'unavailable'],
  XX001: ['refused', 'corrupt'],
  XX002: ['refused', 'corrupt'],
}
