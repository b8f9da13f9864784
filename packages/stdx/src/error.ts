import { withoutAddressSecrets } from './address-for-messages.ts'

/**
 * What a caller may do about a failure; a new kind only where some caller would act differently.
 *
 * - `invalid-input`: the request or setting is wrong; the message says how to mend it
 * - `not-found`, `already-exists`
 * - `unauthenticated`: nobody knows who asks; `permission`: whoever asks may not
 * - `corrupt`: a file is damaged or contradicts the metadata that names it
 * - `unsupported`: well formed, but outside what this version handles
 * - `conflict`: somebody else changed the thing first
 * - `unavailable`: may pass by itself; safe to try again
 * - `timeout`, `aborted`
 * - `exhausted`: disk, memory or quota ran out
 * - `verification-failed`: a rewrite's output is not proven equal to its input
 * - `internal`: our bug
 */
export type ErrorKind =
  | 'invalid-input'
  | 'not-found'
  | 'already-exists'
  | 'unauthenticated'
  | 'permission'
  | 'corrupt'
  | 'unsupported'
  | 'conflict'
  | 'unavailable'
  | 'timeout'
  | 'aborted'
  | 'exhausted'
  | 'verification-failed'
  | 'internal'

const RETRYABLE = {
  'invalid-input': false,
  'not-found': false,
  'already-exists': false,
  unauthenticated: false,
  permission: false,
  corrupt: false,
  unsupported: false,
  conflict: false,
  unavailable: true,
  timeout: true,
  aborted: false,
  exhausted: false,
  'verification-failed': false,
  internal: false,
} as const satisfies Record<ErrorKind, boolean>

/**
 * The one error class of the project. The message alone lets an operator act: it names the thing and the remedy, and of
 * an address never who signs in there. `context` holds what a program may want (paths, ids); it never holds a secret.
 */
export class MoraineError extends Error {
  readonly kind: ErrorKind
  readonly context: Readonly<Record<string, string | number | bigint | boolean>>

  constructor(
    kind: ErrorKind,
    message: string,
    options: { cause?: unknown; context?: Readonly<Record<string, string | number | bigint | boolean>> } = {},
  ) {
    super(withoutAddressSecrets(message), options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'MoraineError'
    this.kind = kind
    this.context = options.context ?? {}
  }
}

export function isKind(error: unknown, kind: ErrorKind): error is MoraineError {
  return error instanceof MoraineError && error.kind === kind
}

/**
 * For a change that may or may not have been made. Whoever meets it looks before the same is asked for again, and cleans
 * up nothing; `message` says where to look.
 */
export function outcomeUnknown(message: string, cause: unknown): MoraineError {
  return new MoraineError('timeout', message, { cause, context: OUTCOME_UNKNOWN })
}

export function isOutcomeUnknown(error: unknown): boolean {
  return error instanceof MoraineError && error.context['outcome'] === OUTCOME_UNKNOWN.outcome
}

/** The context of an error of another kind that {@link isOutcomeUnknown} shall know. */
export const OUTCOME_UNKNOWN = { outcome: 'unknown' } as const

/** What was thrown, as an error: of a library it may be anything. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new MoraineError('internal', String(thrown))
}

/** Whether the same call may succeed if it is simply made again. */
export function isRetryable(error: unknown): boolean {
  return error instanceof MoraineError && RETRYABLE[error.kind]
}

/** The error's message and those of its causes on one line, for logs and stored failure reasons. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return withoutAddressSecrets(String(error))
  const message = withoutAddressSecrets(error.message)
  if (error.cause === undefined) return message
  const cause = describeError(error.cause)
  // Many a message says its cause itself.
  return message.includes(cause) ? message : `${message}: ${cause}`
}
