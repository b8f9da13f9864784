import { isKind, MoraineError } from '@moraine/stdx/error'
import { ApplicationError, DeclaredException } from '@moraine/thrift/service'
import { invalidObject, invalidOperation, metaException } from './metastore-thrift.ts'

/** What a metastore's refusal means to a caller; `doing` says what it refused. Other errors stay what they are. */
export function hiveFailure(doing: string, cause: unknown): unknown {
  if (!(cause instanceof DeclaredException)) return cause
  const isOurs = invalidObject.match(cause) !== undefined || invalidOperation.match(cause) !== undefined
  return new MoraineError(
    isOurs ? 'invalid-input' : 'unavailable',
    `the metastore refuses ${doing}: ${cause.message}`,
    {
      cause,
    },
  )
}

/** Whether the metastore answered with a failure: whatever it did, it does nothing more for this call. */
export function isAnswered(error: unknown): boolean {
  return error instanceof DeclaredException || (error instanceof MoraineError && 'applicationError' in error.context)
}

export function isUnknownMethod(error: unknown): boolean {
  return isKind(error, 'unsupported') && error.context['applicationError'] === ApplicationError.unknownMethod
}

/** Of a metastore that compares the pointer by itself (HIVE-26882): it is not what was expected. */
export function isModifiedMeanwhile(error: unknown): boolean {
  return (
    metaException.match(error)?.message?.includes('The table has been modified. The parameter value for key') === true
  )
}
