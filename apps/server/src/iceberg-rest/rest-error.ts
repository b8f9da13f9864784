import { type ErrorKind, isOutcomeUnknown, MoraineError, outcomeUnknown } from '@moraine/stdx/error'
import type { JsonObject } from '@moraine/stdx/exact-json'

/** An error as the protocol's `IcebergErrorResponse` has it. Clients act on the status and, for 404, on the type. */
export type RestError = { readonly status: number; readonly type: string; readonly message: string }

export function encodeRestError({ status, type, message }: RestError): JsonObject {
  return { error: { message, type, code: status } }
}

/** What a failure means to a client. Of what is no `MoraineError` nothing is told but that it happened. */
export function restErrorOf(error: unknown): RestError {
  if (!(error instanceof MoraineError)) return frameworkError(error) ?? INTERNAL
  // Whatever kind it is of: by 503 clients would make the change again.
  if (isOutcomeUnknown(error)) return { status: 500, type: 'CommitStateUnknownException', message: error.message }
  const { entity } = error.context
  const special = typeof entity === 'string' ? BY_ENTITY[`${error.kind} ${entity}`] : undefined
  return { ...BY_KIND[error.kind], ...special, message: error.message }
}

/** For a commit that may or may not have been made: clients must not clean up after it. */
export function commitUncertain(cause: Error): MoraineError {
  return outcomeUnknown(`the commit may or may not have been made: ${cause.message}`, cause)
}

export function commitFailed(reason: string): RestError {
  return { status: 409, type: 'CommitFailedException', message: reason }
}

const INTERNAL: RestError = {
  status: 500,
  type: 'InternalServerError',
  message: 'the server failed; its log has the details under the id of this request',
}

const BY_KIND = {
  'invalid-input': { status: 400, type: 'IllegalArgumentException' },
  'not-found': { status: 404, type: 'NotFoundException' },
  'already-exists': { status: 409, type: 'AlreadyExistsException' },
  unauthenticated: { status: 401, type: 'NotAuthorizedException' },
  permission: { status: 403, type: 'ForbiddenException' },
  corrupt: { status: 500, type: 'InternalServerError' },
  unsupported: { status: 406, type: 'UnsupportedOperationException' },
  conflict: { status: 409, type: 'CommitFailedException' },
  unavailable: { status: 503, type: 'ServiceUnavailableException' },
  timeout: { status: 503, type: 'ServiceUnavailableException' },
  aborted: { status: 503, type: 'ServiceUnavailableException' },
  exhausted: { status: 503, type: 'ServiceUnavailableException' },
  'verification-failed': { status: 500, type: 'InternalServerError' },
  internal: { status: 500, type: 'InternalServerError' },
} as const satisfies Record<ErrorKind, { readonly status: number; readonly type: string }>

const BY_ENTITY: Readonly<Record<string, { readonly status?: number; readonly type: string }>> = {
  'not-found warehouse': { type: 'NoSuchWarehouseException' },
  'not-found namespace': { type: 'NoSuchNamespaceException' },
  'not-found table': { type: 'NoSuchTableException' },
  'not-found view': { type: 'NoSuchViewException' },
  'not-found plan-id': { type: 'NoSuchPlanIdException' },
  'not-found plan-task': { type: 'NoSuchPlanTaskException' },
  'unauthenticated guess': { status: 429, type: 'TooManyRequestsException' },
  'conflict namespace': { type: 'NamespaceNotEmptyException' },
  'invalid-input request': { type: 'BadRequestException' },
  'corrupt metadata-file': { status: 404, type: 'NotFoundException' },
}

/** What Fastify itself refuses: a body too large, of an unknown type, a path that cannot be decoded. */
function frameworkError(error: unknown): RestError | undefined {
  if (!(error instanceof Error) || !('statusCode' in error)) return undefined
  const { statusCode } = error
  if (typeof statusCode !== 'number' || statusCode < 400 || statusCode >= 500) return undefined
  return { status: statusCode, type: 'BadRequestException', message: error.message }
}
