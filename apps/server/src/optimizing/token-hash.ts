import { createHash } from 'node:crypto'

/** Tokens are credentials: only their SHA-256 is stored and compared. */
export function tokenHash(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}
