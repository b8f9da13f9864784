import type { ErrorKind } from '@moraine/stdx/error'

/** How an error looks on each way out of the service. */
export type ErrorCodes = {
  /** HTTP status; also the `code` of Amoro's envelope. */
  readonly http: number
  /** `AmoroException.errorCode` (Amoro's ErrorCodes): optimizers try 1000 again, and give up on the others. */
  readonly amoro: number
  /** Exit code of the command line. */
  readonly exit: FailureCode
}

/** 1 failed, 2 wrong usage, 3 not answered: may pass, 4 refused to who asked. */
export type FailureCode = 1 | 2 | 3 | 4

export const ERROR_CODES = {
  'invalid-input': { http: 400, amoro: 1003, exit: 2 },
  'not-found': { http: 404, amoro: 1001, exit: 1 },
  'already-exists': { http: 409, amoro: 1002, exit: 1 },
  unauthenticated: { http: 401, amoro: 1004, exit: 4 },
  permission: { http: 403, amoro: 1004, exit: 4 },
  corrupt: { http: 422, amoro: 1003, exit: 1 },
  unsupported: { http: 501, amoro: 1003, exit: 1 },
  conflict: { http: 409, amoro: 2004, exit: 1 },
  unavailable: { http: 503, amoro: 1000, exit: 3 },
  timeout: { http: 504, amoro: 1000, exit: 3 },
  aborted: { http: 503, amoro: 1000, exit: 1 },
  exhausted: { http: 507, amoro: 1000, exit: 1 },
  'verification-failed': { http: 500, amoro: 2002, exit: 1 },
  internal: { http: 500, amoro: -1, exit: 1 },
} as const satisfies Record<ErrorKind, ErrorCodes>
