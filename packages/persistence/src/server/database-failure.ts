import { type ErrorKind, MoraineError, OUTCOME_UNKNOWN } from '@moraine/stdx/error'

/**
 * What became of work that failed.
 *
 * - `in-the-way`: a deadlock, or others changed what it was based on; nothing was done, another try may do
 * - `duplicate`: a key is taken; nothing was done
 * - `lost`: the connection ended or did not answer; nothing was done, for it was not yet to be committed
 * - `unknown`: it was lost while it was committed, and may have been done
 * - `no-connection`: none could be had
 * - `refused`: the server said no; nothing was done
 */
export type Trouble = 'in-the-way' | 'duplicate' | 'lost' | 'unknown' | 'no-connection' | 'refused'

export function databaseFailure(trouble: Trouble, kind: ErrorKind, message: string, cause: unknown): MoraineError {
  return new MoraineError(kind, message, {
    cause,
    context: { trouble, ...(trouble === 'unknown' && OUTCOME_UNKNOWN) },
  })
}

/** `undefined` for what did not come from a database server. */
export function troubleOf(error: unknown): Trouble | undefined {
  return error instanceof MoraineError ? (error.context['trouble'] as Trouble | undefined) : undefined
}
