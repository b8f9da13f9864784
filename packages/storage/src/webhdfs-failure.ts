import { type ErrorKind, MoraineError } from '@moraine/stdx/error'
import { parseExactJson } from '@moraine/stdx/exact-json'
import { optional, record, required, text } from '@moraine/stdx/exact-json-decode'
import type { HttpAnswer } from './http-exchange.ts'

/** What WebHDFS says of a call that failed. */
export type WebHdfsFailure = {
  readonly status: number
  /** The Java exception's simple name, `FileNotFoundException`; empty if somebody else than Hadoop answered. */
  readonly exception: string
  /** Its message without the stack. */
  readonly message: string
  /** The server asked for Kerberos. */
  readonly wantsKerberos: boolean
}

/** Takes a `RemoteException` document apart (WebHDFS REST API, "Error Responses"); other bodies have no exception. */
export function webHdfsFailure({ status, header, body }: HttpAnswer): WebHdfsFailure {
  const wantsKerberos = status === 401 && /\bNegotiate\b/i.test(header('www-authenticate') ?? '')
  return { status, wantsKerberos, ...remoteException(body) }
}

/** What the failure means to a caller; `doing` says what failed (`reading hdfs://nn/a`). */
export function webHdfsError(failure: WebHdfsFailure, doing: string): MoraineError {
  const { kind, remedy } = meaningOf(failure)
  const said = failure.exception === '' ? `HTTP ${failure.status}` : `${failure.exception}: ${failure.message}`
  return new MoraineError(kind, `${doing} failed: ${remedy} (${said})`, { context: { exception: failure.exception } })
}

/** Whether a name node that is not the active one refused: nothing was done, and another one may do it. */
export function isStandby({ exception }: WebHdfsFailure): boolean {
  return exception === 'StandbyException' || exception === 'ObserverRetryOnActiveException'
}

function remoteException(body: Uint8Array): Pick<WebHdfsFailure, 'exception' | 'message'> {
  try {
    const answer = record(parseExactJson(Buffer.from(body).toString(), 'answer'), {
      document: 'answer',
      kind: 'corrupt',
    })
    const remote = required(answer, 'RemoteException', record)
    const message = optional(remote, 'message', text) ?? ''
    const [line = ''] = message.split('\n', 1)
    return { exception: required(remote, 'exception', text), message: line.slice(0, MESSAGE_MAX) }
  } catch {
    // A proxy's page, or nothing at all: the status is what is known.
    return { exception: '', message: '' }
  }
}

const MESSAGE_MAX = 500

type Meaning = { readonly kind: ErrorKind; readonly remedy: string }

const DENIED: Meaning = {
  kind: 'permission',
  remedy: 'the user may not do it; check hdfs.user and the permissions of the path',
}
const EXPIRED: Meaning = {
  kind: 'permission',
  remedy: 'the delegation token is not valid, or no longer; set hdfs.delegation-token to a new one',
}
const FULL: Meaning = { kind: 'exhausted', remedy: 'the quota of the directory is used up; raise it or free space' }
const RETRY: Meaning = { kind: 'unavailable', remedy: 'HDFS cannot do it now' }
const NAME: Meaning = { kind: 'invalid-input', remedy: 'HDFS cannot have a file of this name there' }
const PARENT: Meaning = { kind: 'invalid-input', remedy: 'a part of the path is a file' }
const REFUSED: Meaning = { kind: 'invalid-input', remedy: 'the server does not take the request' }
const STRANGER: Meaning = {
  kind: 'invalid-input',
  remedy:
    'no WebHDFS answers there; check dfs.namenode.http-address, which is the HTTP address of the name node and not that of its RPC',
}
const KERBEROS: Meaning = {
  kind: 'unsupported',
  remedy:
    'the cluster wants Kerberos (SPNEGO), which is not supported; set hdfs.delegation-token to a token that was fetched with it (hdfs fetchdt, or op=GETDELEGATIONTOKEN)',
}

const MEANING: ReadonlyMap<string, Meaning> = new Map([
  ['FileNotFoundException', { kind: 'not-found', remedy: 'there is no such file' }],
  ['FileAlreadyExistsException', { kind: 'already-exists', remedy: 'there is such a file already' }],
  ['ParentNotDirectoryException', PARENT],
  ['PathIsNotEmptyDirectoryException', { kind: 'invalid-input', remedy: 'it is a directory' }],
  ['AccessControlException', DENIED],
  ['AuthorizationException', DENIED],
  ['AuthenticationException', DENIED],
  ['SecurityException', DENIED],
  ['InvalidToken', EXPIRED],
  [
    'SafeModeException',
    { kind: 'unavailable', remedy: 'the name node is in safe mode; it leaves it once it knows its blocks' },
  ],
  ['StandbyException', { kind: 'unavailable', remedy: 'no name node is active' }],
  ['NSQuotaExceededException', FULL],
  ['DSQuotaExceededException', FULL],
  ['QuotaByStorageTypeExceededException', FULL],
  ['QuotaExceededException', FULL],
  ['PathComponentTooLongException', NAME],
  ['InvalidPathException', NAME],
  [
    'UnsupportedOperationException',
    { kind: 'unsupported', remedy: 'this server cannot do it; WebHDFS of Hadoop 3 can' },
  ],
  ['IllegalArgumentException', REFUSED],
  ['HadoopIllegalArgumentException', REFUSED],
])

function meaningOf({ exception, message, status, wantsKerberos }: WebHdfsFailure): Meaning {
  if (wantsKerberos) return KERBEROS
  // Looking below a file, HDFS says so as a matter of permission.
  if (exception === 'AccessControlException' && message.endsWith('(is not a directory)')) return PARENT
  if (/token.*(expired|can't be found in cache)/i.test(message)) return EXPIRED
  const known = MEANING.get(exception)
  if (known !== undefined) return known
  // IOException and the like stand for whatever went wrong inside of HDFS, mostly for a while.
  if (exception !== '' || status >= 500 || status === 429 || status === 408) return RETRY
  if (status === 401 || status === 403) return DENIED
  return STRANGER
}
