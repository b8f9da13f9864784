import { MoraineError } from '@moraine/stdx/error'
import { expectSuccess, type RestSubject, restFailure } from './rest-answer.ts'
import type { RestRequest, RestResponse, RestTransport } from './rest-transport.ts'
import { sendOnce } from './send-change.ts'

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

/** Sends a commit. What is thrown says that nothing was committed. */
export async function sendCommit<Committed>(
  { send, request, subject, committed }: CommitRequest<Committed>,
  signal?: AbortSignal,
): Promise<SentCommit<Committed>> {
  const sent = await sendOnce(send, request, subject, signal)
  if (sent.kind === 'unknown') return sent
  const { response } = sent
  if (response.status === 409) return { kind: 'conflict', reason: restFailure(response, subject).message }
  expectSuccess(response, subject)
  try {
    return await committed(response)
  } catch (cause) {
    if (!(cause instanceof MoraineError)) throw cause
    return { kind: 'unknown', cause }
  }
}
