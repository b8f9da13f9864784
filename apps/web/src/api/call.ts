import type { ErrorEnvelope } from '@moraine/api/rest/envelope'

/** What the service, or the way to it, says is wrong. */
export class ApiError extends Error {
  /** Of HTTP; 0 where nothing answered. */
  readonly status: number
  readonly kind: string
  /** Names the request in the log of the service. */
  readonly requestId: string | undefined

  constructor(message: string, told: { readonly status: number; readonly kind: string; readonly requestId?: string }) {
    super(message)
    this.status = told.status
    this.kind = told.kind
    this.requestId = told.requestId
  }
}

export type Call = {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly query?: Readonly<Record<string, string | number | undefined>>
  readonly body?: object
  readonly signal?: AbortSignal
}

const PREFIX = '/api/ams/v1'

/**
 * The result of a call of the API, `path` below its prefix with its parts encoded. It is what the route promises: page and
 * service are of one build.
 *
 * @throws {ApiError}
 */
export async function call<Result>(path: string, { method = 'GET', query, body, signal }: Call = {}): Promise<Result> {
  const search = new URLSearchParams()
  for (const [key, value] of Object.entries(query ?? {})) if (value !== undefined) search.set(key, String(value))
  const answer = await send(`${PREFIX}${path}${search.size === 0 ? '' : `?${search}`}`, {
    method,
    // No other site's page can send it: the service tells by this that a request with a cookie is ours.
    headers: { 'x-request-source': 'Web', ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    ...(signal !== undefined && { signal }),
  })
  const text = await answer.text()
  if (!answer.ok) throw failureOf(answer.status, text)
  return (JSON.parse(text) as { readonly result: Result }).result
}

async function send(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init)
  } catch (error) {
    if (init.signal?.aborted) throw error
    throw new ApiError('', { status: 0, kind: 'unreachable' })
  }
}

function failureOf(status: number, text: string): ApiError {
  try {
    const { message, kind, requestId } = JSON.parse(text) as ErrorEnvelope
    return new ApiError(message, { status, kind, requestId })
  } catch {
    return new ApiError(`HTTP ${status}`, { status, kind: 'internal' })
  }
}
