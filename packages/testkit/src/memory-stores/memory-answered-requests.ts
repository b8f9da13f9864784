import type { RequestClaim } from '@moraine/catalogs/request-claim'
import type { AnsweredRequest, AnsweredRequestStore, KeyClaim } from '@moraine/management/catalogs/answered-requests'

export function memoryAnsweredRequests(): AnsweredRequestStore & { holdsClaim(claim: RequestClaim): boolean } {
  const keys = new Map<string, KeyClaim | AnsweredRequest>()
  const isHeldBy = (keyHash: string, holder: string) => {
    const known = keys.get(keyHash)
    return known !== undefined && 'holder' in known && known.holder === holder
  }
  return {
    holdsClaim: ({ keyHash, holder }) => isHeldBy(keyHash, holder),
    async claimKey(claim, now) {
      const known = keys.get(claim.keyHash)
      if (known !== undefined && known.expiresAt > now && !isHeldBy(claim.keyHash, claim.holder)) {
        return 'holder' in known
          ? { kind: 'at-work', requestHash: known.requestHash }
          : { kind: 'answered', answer: known }
      }
      keys.set(claim.keyHash, claim)
      return { kind: 'claimed' }
    },
    async renewClaim(keyHash, holder, expiresAt) {
      const known = keys.get(keyHash)
      if (known === undefined || !isHeldBy(keyHash, holder)) return false
      keys.set(keyHash, { ...known, expiresAt })
      return true
    },
    async saveAnswer(answer, holder) {
      if (!isHeldBy(answer.keyHash, holder)) return false
      keys.set(answer.keyHash, answer)
      return true
    },
    async releaseKey(keyHash, holder) {
      if (isHeldBy(keyHash, holder)) keys.delete(keyHash)
    },
    async removeExpired(now, limit) {
      const expired = [...keys.values()].filter(({ expiresAt }) => expiresAt <= now).slice(0, limit)
      for (const { keyHash } of expired) keys.delete(keyHash)
      return expired.length
    },
  }
}
