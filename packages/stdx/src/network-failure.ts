/**
 * What went wrong on the way to a server: the failure of the connection itself, of which others are made that say less
 * (`fetch failed`). Of several addresses of one name it is that of the first.
 */
export function innermostFailure(error: unknown): unknown {
  if (error instanceof AggregateError && error.errors.length > 0) return innermostFailure(error.errors[0])
  return error instanceof Error && error.cause !== undefined ? innermostFailure(error.cause) : error
}

/** In one line, with what its code means where that is not plain. */
export function networkFailureText(failure: unknown): string {
  if (!(failure instanceof Error)) return String(failure)
  const code = 'code' in failure && typeof failure.code === 'string' ? failure.code : failure.name
  const text = failure.message.trim() === '' ? code : failure.message.trim().split('\n')[0]
  const meaning = MEANING[code]
  return meaning === undefined ? `${text}` : `${text} (${meaning})`
}

const MEANING: Readonly<Record<string, string>> = {
  ENOTFOUND: 'there is no host of that name',
  EAI_AGAIN: 'names cannot be looked up now',
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'it closed the connection',
  ETIMEDOUT: 'nothing came back in time',
  UND_ERR_CONNECT_TIMEOUT: 'nothing came back in time',
  UND_ERR_SOCKET: 'it closed the connection',
}
