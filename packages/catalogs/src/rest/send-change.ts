import { MoraineError, outcomeUnknown } from '@moraine/stdx/error'
import { expectSuccess, type RestSubject, restFailure } from './rest-answer.ts'
import { isUnsentRequest, type RestRequest, type RestResponse, type RestTransport } from './rest-transport.ts'

/** What came of a change that was sent. `unknown`: no answer says whether it was made. */
export type SentChange =
  | { readonly kind: 'answered'; readonly response: RestResponse }
  | { readonly kind: 'unknown'; readonly cause: Error }

/**
 * Sends a change. From the moment it may have reached the server no failure is thrown that would be read as "nothing was
 * done"; an answer below 500 says how it ended, and so does 501, that there is no such request.
 */
export async function sendOnce(
  send: RestTransport,
  request: RestRequest,
  subject: RestSubject,
  signal?: AbortSignal,
): Promise<SentChange> {
  let response: RestResponse
  try {
    response = await send(request, signal)
  } catch (cause) {
    if (!(cause instanceof MoraineError) || isUnsentRequest(cause)) throw cause
    return { kind: 'unknown', cause }
  }
  const { status } = response
  // Also 503: it may come from a proxy that had passed the request on.
  if (status >= 500 && status !== 501) return { kind: 'unknown', cause: restFailure(response, subject) }
  return { kind: 'answered', response }
}

type ChangeRequest<Made> = {
  readonly send: RestTransport
  readonly request: RestRequest
  readonly subject: RestSubject
  /** For messages: `table a.b` and `created`. */
  readonly what: string
  readonly done: string
  /** From an answer that says success. */
  readonly made: (response: RestResponse) => Made
}

/**
 * Sends a change that has no outcome to return.
 *
 * @throws {MoraineError} as `outcomeUnknown` makes it if the change may have been made
 */
export async function sendChange<Made>(
  { send, request, subject, what, done, made }: ChangeRequest<Made>,
  signal?: AbortSignal,
): Promise<Made> {
  const uncertain = (cause: Error) => {
    const text = `${what} may or may not have been ${done}; look for it before that is asked for again`
    return outcomeUnknown(`${text}: ${cause.message}`, cause)
  }
  const sent = await sendOnce(send, request, subject, signal)
  if (sent.kind === 'unknown') throw uncertain(sent.cause)
  expectSuccess(sent.response, subject)
  try {
    return made(sent.response)
  } catch (cause) {
    // It says success, and cannot be read.
    throw cause instanceof MoraineError ? uncertain(cause) : cause
  }
}
