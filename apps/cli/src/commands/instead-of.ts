import { type ErrorKind, isKind, MoraineError } from '@moraine/stdx/error'

/** For failures of the kind, a message in the words of the command line: the service's are for callers of its API. */
export function insteadOf(kind: ErrorKind, message: string): (error: unknown) => never {
  return (error) => {
    throw isKind(error, kind) ? new MoraineError(kind, message, { context: error.context }) : error
  }
}
