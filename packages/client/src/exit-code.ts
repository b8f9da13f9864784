import { ERROR_CODES, type FailureCode } from '@moraine/api/error-codes'
import { MoraineError } from '@moraine/stdx/error'

/** Of a command that failed so. */
export function exitCodeOf(error: unknown): FailureCode {
  return error instanceof MoraineError ? ERROR_CODES[error.kind].exit : 1
}

/** The kinds of failure for which a command ends with the code. */
export function kindsOfExitCode(code: FailureCode): readonly string[] {
  return Object.entries(ERROR_CODES).flatMap(([kind, { exit }]) => (exit === code ? [kind] : []))
}
