import assert from 'node:assert/strict'
import { untilAnswered } from '../lab/moraine.ts'

/** Tries a commit until it is made: some clients leave it to their caller to try again after they were refused. */
export async function untilCommitted(commit: () => Promise<void>, refusal: RegExp, signal: AbortSignal): Promise<void> {
  const attempt = async () => {
    try {
      await commit()
      return true
    } catch (error) {
      assert.match(String(error), refusal)
      return undefined
    }
  }
  await untilAnswered(attempt, signal)
}
