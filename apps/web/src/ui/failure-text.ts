import { ApiError } from '../api/call.ts'

/** What went wrong, in the words of the service, or in ours where it said nothing. */
export function failureText(error: Error, words: { readonly unreachable: string }): string {
  return error instanceof ApiError && error.status === 0 ? words.unreachable : error.message
}
