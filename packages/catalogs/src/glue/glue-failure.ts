import { type ErrorKind, isRetryable, MoraineError } from '@moraine/stdx/error'

/**
 * What is known of a call that failed. `refused`: nothing was done, and nothing will be if it is made again. `unheard`:
 * nothing was done, and the same call may succeed later. `doubtful`: it may have been done, or may yet be.
 */
export type GlueFate = 'refused' | 'unheard' | 'doubtful'

/** The error of a call that AWS's client made; `doing` says what for. The cause is left out: it has the request in it. */
export function glueFailure(doing: string, cause: unknown): MoraineError {
  if (cause instanceof MoraineError) return ownFailure(doing, cause)
  const name = cause instanceof Error ? cause.name : 'unknown failure'
  const status = statusOf(cause)
  const fail = (kind: ErrorKind, fate: GlueFate, words: string) =>
    new MoraineError(kind, `Glue: ${doing}: ${words}`, { context: { glueError: name, fate } })

  if (status === undefined) {
    if (UNAUTHENTICATED.has(name)) return fail('permission', 'refused', NO_CREDENTIALS)
    const code = codeOf(cause)
    if (UNSENT.has(code))
      return fail('unavailable', 'unheard', `not reached (${code}); check glue.endpoint and network`)
    return fail('unavailable', 'doubtful', `no answer (${code === '' ? name : code}); check the network`)
  }
  const words = `${name}${saying(name, cause)}`
  if (THROTTLED.has(name) || status === 429) return fail('unavailable', 'unheard', `${words}; it answers too many`)
  if (status >= 500 || DOUBTFUL.has(name) || status < 400) return fail('unavailable', 'doubtful', words)
  const kind = KINDS[name] ?? (status === 401 || status === 403 ? 'permission' : 'invalid-input')
  return fail(kind, 'refused', kind === 'permission' ? `${words}; check credentials and policies` : words)
}

export function glueFate(error: unknown): GlueFate {
  const fate = error instanceof MoraineError ? error.context['fate'] : undefined
  return fate === 'refused' || fate === 'unheard' ? fate : 'doubtful'
}

/** Whether it is Glue's answer by this name. */
export function isGlueAnswer(error: unknown, ...names: readonly string[]): boolean {
  return error instanceof MoraineError && names.includes(String(error.context['glueError']))
}

/** The table is another than the one whose version was given. */
export function isModifiedInGlue(error: unknown): boolean {
  return isGlueAnswer(error, 'ConcurrentModificationException', 'VersionMismatchException')
}

/** Of our deadline, or of what finds credentials, before anything is sent. */
function ownFailure(doing: string, cause: MoraineError): MoraineError {
  if (cause.kind === 'timeout' || cause.kind === 'aborted') return cause
  const fate: GlueFate = isRetryable(cause) ? 'unheard' : 'refused'
  return new MoraineError(cause.kind, `Glue: ${doing}: ${cause.message}`, {
    context: { glueError: 'credentials', fate },
  })
}

const NO_CREDENTIALS =
  'no credentials; set glue.access-key-id and glue.secret-access-key, or what AWS calls its default credentials'

const UNAUTHENTICATED: ReadonlySet<string> = new Set(['CredentialsProviderError', 'TokenProviderError'])
const UNSENT: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'])
const THROTTLED: ReadonlySet<string> = new Set([
  'ThrottlingException',
  'Throttling',
  'ThrottledException',
  'TooManyRequestsException',
  'RequestLimitExceeded',
  'SlowDown',
  'ResourceNotReadyException',
])
const DOUBTFUL: ReadonlySet<string> = new Set([
  'OperationTimeoutException',
  'InternalServiceException',
  'InternalServerException',
  'FederationSourceRetryableException',
  'RequestTimeout',
])
const KINDS: Readonly<Record<string, ErrorKind>> = {
  EntityNotFoundException: 'not-found',
  AlreadyExistsException: 'already-exists',
  ConcurrentModificationException: 'conflict',
  VersionMismatchException: 'conflict',
  ResourceNumberLimitExceededException: 'exhausted',
  OperationNotSupportedException: 'unsupported',
  AccessDeniedException: 'permission',
  UnrecognizedClientException: 'permission',
  InvalidSignatureException: 'permission',
  ExpiredTokenException: 'permission',
  GlueEncryptionException: 'permission',
}

/** What AWS says of a bad signature repeats the headers of the request, and so the session token. */
function saying(name: string, cause: unknown): string {
  const message = cause instanceof Error ? cause.message : ''
  if (/signature|token/i.test(name) || /canonical string|x-amz-security-token/i.test(message)) return ''
  return message === '' || message === name ? '' : `: ${message.slice(0, MESSAGE_LENGTH_MAX)}`
}

const MESSAGE_LENGTH_MAX = 2000

function statusOf(cause: unknown): number | undefined {
  // The client puts it there on every error that came as an answer.
  const { $metadata } = cause as { readonly $metadata?: { readonly httpStatusCode?: number } }
  return $metadata?.httpStatusCode
}

function codeOf(cause: unknown): string {
  const { code } = cause as { readonly code?: unknown }
  return typeof code === 'string' ? code : ''
}
