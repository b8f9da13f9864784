import type { AnsweredRequest, AnsweredRequestStore } from '@moraine/management/catalogs/answered-requests'

export function memoryAnsweredRequests(): AnsweredRequestStore {
  const answers = new Map<string, AnsweredRequest>()
  return {
    async findAnswer(keyHash, now) {
      const answer = answers.get(keyHash)
      return answer !== undefined && answer.expiresAt > now ? answer : undefined
    },
    async saveAnswer(answer, now) {
      const known = answers.get(answer.keyHash)
      if (known === undefined || known.expiresAt <= now) answers.set(answer.keyHash, answer)
    },
    async removeExpired(now, limit) {
      const expired = [...answers.values()].filter(({ expiresAt }) => expiresAt <= now).slice(0, limit)
      for (const { keyHash } of expired) answers.delete(keyHash)
      return expired.length
    },
  }
}
