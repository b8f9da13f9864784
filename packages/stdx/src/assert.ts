/** Checks an invariant of our own code. Never for input: bad input is a {@link MoraineError}. Stays on in production. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`invariant violated: ${message}`)
}

/** The end of an exhaustive switch: a new member of the union does not compile until it is decided. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`)
}

/** The value, which our own reasoning says is there; `what` names it in the error if we were wrong. */
export function must<T>(value: T | undefined | null, what: string): T {
  if (value === undefined || value === null) throw new Error(`invariant violated: ${what} is missing`)
  return value
}
