import { MoraineError } from '@moraine/stdx/error'
import { expectSuccess, type RestSubject, restFailure } from './rest-answer.ts'
import { isUnsentRequest, type RestRequest, type RestResponse, type RestTransport } from './rest-transport.ts'

type SentCommit<Committed> =
  | Committed
  | { readonly kind: 'conflict'; readonly reason: string }
  | { readonly kind: 'unknown'; readonly cause: Error }

type CommitRequest<Committed> = {
  readonly send: RestTransport
  readonly request: RestRequest
  readonly subject: RestSubject
  /** From an answer that says success. What it throws leaves what was committed `unknown`. */
  readonly committed: (response: RestResponse) => Committed | Promise<Committed>
}

/**
 * Sends a commit. From the moment it may have reached the server no failure is thrown that would be read as "nothing
 * was committed", but for an answer that says so (a status below 500 that is no success, and 501).
 */
export async function sendCommit<Committed>(
  { send, request, subject, committed }: CommitRequest<Committed>,
  signal?: AbortSignal,
): Promise<SentCommit<Committed>> {
  let response: RestResponse
  try {
    response = await send(request, signal)
  } catch (cause) {
    if (!(cause instanceof MoraineError) || isUnsentRequest(cause)) throw cause
    return { kind: 'unknown', cause }
  }
  const { status } = response
  if (status === 409) return { kind: 'conflict', reason: restFailure(response, subject).message }
  // Also 503: it may come from a proxy that had passed the request on. 501 says that there is no such request.
  if (status >= 500 && status !== 501) return { kind: 'unknown', cause: restFailure(response, subject) }
  expectSuccess(response, subject)
  try {
    return await committed(response)
  } catch (cause) {
    if (!(cause instanceof MoraineError)) throw cause
    return { kind: 'unknown', cause }
  }
}
