import { type ErrorKind, MoraineError } from '@moraine/stdx/error'

/** opendal tells errors apart only by their text: `NotFound (permanent) at read, context: { ... } => details`. */
export type ObjectStoreFailure = {
  /** opendal's kind, such as `NotFound`; empty if the text has another form. */
  readonly kind: string
  /** opendal holds that the same call may succeed later. */
  readonly temporary: boolean
  /** opendal's word for the kind of store. */
  readonly service?: string
  /** The store's HTTP status, if it answered. */
  readonly status?: number
  /** What the store said: its code, message and request id. Without secrets. */
  readonly details: string
}

export function parseFailure(error: unknown): ObjectStoreFailure {
  const text = error instanceof Error ? error.message : String(error)
  const [, kind = '', persistence = ''] = /^(\w+) \((temporary|permanent|persistent)\) at /.exec(text) ?? []
  const status = /response: Parts \{ status: (\d{3})/.exec(text)?.[1]
  const service = /\bservice: (\w+)/.exec(text)?.[1]
  return {
    kind,
    ...(service !== undefined && { service }),
    // After its own tries opendal calls every failure `persistent`.
    temporary: persistence === 'temporary',
    ...(status !== undefined && { status: Number(status) }),
    details: withoutSecrets(detailsOf(text)),
  }
}

/** What an object store's failure means to a caller; `doing` says what failed (`reading s3://b/k`). */
export function objectStoreError(error: unknown, doing: string): MoraineError {
  if (error instanceof MoraineError) return error
  const failure = parseFailure(error)
  const { kind, remedy } = meaningOf(failure)
  // Not the error itself as the cause: its text holds whole requests, with the tokens in their addresses.
  const cause = new Error(`${failure.kind} (${failure.status ?? 'no answer'}): ${failure.details}`)
  return new MoraineError(kind, `${doing} failed: ${remedy}`, { cause })
}

/** Whether a conditional write was refused because there is an object already. */
export function isRefusedCondition(error: unknown): boolean {
  const { kind, temporary } = parseFailure(error)
  return (kind === 'ConditionNotMatch' || kind === 'AlreadyExists') && !temporary
}

/** Whether the store said that the object ends before the range does. */
export function isBeyondEnd(error: unknown): boolean {
  const { kind, status, details } = parseFailure(error)
  return status === 416 || kind === 'RangeNotSatisfied' || details === 'reader got too little data'
}

type Meaning = { readonly kind: ErrorKind; readonly remedy: string }

const NO_BUCKET: Meaning = {
  kind: 'invalid-input',
  remedy: 'check that the bucket exists, and its endpoint and region',
}

const MEANING: ReadonlyMap<string, Meaning> = new Map([
  ['NotFound', { kind: 'not-found', remedy: 'there is no such object' }],
  ['IsADirectory', { kind: 'not-found', remedy: 'it names a directory' }],
  ['NotADirectory', { kind: 'not-found', remedy: 'a part of the path is an object' }],
  ['PermissionDenied', { kind: 'permission', remedy: 'the store refused; check the credentials and their policy' }],
  ['ConfigInvalid', NO_BUCKET],
  ['Unsupported', { kind: 'unsupported', remedy: 'this store cannot do it' }],
  ['RateLimited', { kind: 'unavailable', remedy: 'the store asks for fewer requests' }],
  ['ConditionNotMatch', { kind: 'conflict', remedy: 'a condition of the request did not hold' }],
  ['AlreadyExists', { kind: 'already-exists', remedy: 'there is such an object already' }],
])

const RETRY: Meaning = { kind: 'unavailable', remedy: 'the store cannot be reached or is overloaded' }
const KEYS_OF_S3 =
  'no credentials for it were given, or could be had from the environment or the machine; set s3.access-key-id and s3.secret-access-key (auth.ak_sk.access_key and auth.ak_sk.secret_key in authConfig of a catalog), AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or s3.anonymous=true for what anybody may read'
const KEYS = 'no credentials for it were given, or could be had from the environment or the machine'
const FULL: Meaning = { kind: 'exhausted', remedy: 'the store is full or its quota is used up' }
const DENIED: Meaning = { kind: 'permission', remedy: 'the store refused; check the credentials' }
const REFUSED: Meaning = { kind: 'invalid-input', remedy: 'the store does not take the request' }

function meaningOf({ kind, temporary, status, details, service }: ObjectStoreFailure): Meaning {
  if (details.endsWith('timeout reached')) return { kind: 'timeout', remedy: 'the store did not answer in time' }
  if (status === 507 || /quota|insufficientstorage|storagefull/i.test(details)) return FULL
  const remedy = service === 's3' ? KEYS_OF_S3 : KEYS
  // A role of the machine may be there the next time.
  if (details.startsWith('loading credential')) return { kind: 'unavailable', remedy }
  if (/no valid credential/i.test(details)) return { kind: 'permission', remedy }
  // Another conditional request of the same object is under way: AWS says to try again.
  if (temporary || status === 409) return RETRY
  // opendal tells this from an object that is not there for S3 alone.
  if (/ContainerNotFound|specified bucket does not exist/i.test(details)) return NO_BUCKET
  const known = MEANING.get(kind)
  if (known !== undefined) return known
  if (status === 401) return DENIED
  if (status !== undefined && status >= 400 && status < 500) return REFUSED
  return RETRY
}

/** The text without the request, of which an answer without a body leaves only its id. */
function detailsOf(text: string): string {
  const at = text.lastIndexOf(' => ')
  if (at >= 0) return text.slice(at + 4)
  const requestId = /"(?:x-amz|x-ms)-request-id": "([^"]*)"/.exec(text)?.[1]
  return requestId === undefined ? text : `request ${requestId}`
}

/** Addresses keep their path, not the query that may hold a signature or a token. */
function withoutSecrets(text: string): string {
  return text.replace(/(https?:\/\/[^\s?"')]*)\?[^\s"')]*/g, '$1?...')
}
