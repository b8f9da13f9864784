import type { EpochMs } from '@moraine/stdx/brand'
import { MoraineError } from '@moraine/stdx/error'
import type { Grant } from './grant.ts'

/** A person or a program that the service knows. */
export type Principal = {
  readonly name: string
  readonly grants: readonly Grant[]
  readonly createdAt: EpochMs
}

/** What a principal shows to be believed. The secret itself is known to its owner alone. */
export type Credential = {
  readonly id: string
  readonly principal: string
  /** SHA-256, in hexadecimal, of a secret made of 256 random bits: it cannot be guessed from this. */
  readonly secretHash: string
  readonly note: string
  readonly createdAt: EpochMs
  readonly expiresAt: EpochMs | undefined
}

export interface PrincipalStore {
  findPrincipal(name: string): Promise<Principal | undefined>
  /** By name. */
  listPrincipals(): Promise<readonly Principal[]>
  /** `false` if there is one of that name. */
  addPrincipal(principal: Principal): Promise<boolean>
  /** Whether it won: the principal is there, and its grants were those it has in `principal` until then. */
  swapGrants(principal: Principal, grants: readonly Grant[]): Promise<boolean>
  /** With its credentials. Whether it was there. */
  removePrincipal(name: string): Promise<boolean>
  /** With its owner, expired or not. */
  findCredential(id: string): Promise<{ readonly credential: Credential; readonly principal: Principal } | undefined>
  /** Oldest first; without a principal those of everybody. */
  listCredentials(principal?: string): Promise<readonly Credential[]>
  /** `false` if there is no such principal any more. */
  addCredential(credential: Credential): Promise<boolean>
  /** Whether the principal had it. */
  removeCredential(principal: string, id: string): Promise<boolean>
}

/** @throws {MoraineError} `invalid-input` for a name that could be taken for something else, or a grant without a place */
export function checkPrincipal({ name, grants }: Pick<Principal, 'name' | 'grants'>): void {
  if (!/^[A-Za-z0-9][\w.@-]{0,127}$/.test(name)) {
    throw new MoraineError(
      'invalid-input',
      `${JSON.stringify(name)} cannot name a principal: it takes up to 128 letters, digits and . _ @ -, the first a letter or digit`,
    )
  }
  for (const { place } of grants) {
    const isPlace =
      (place.namespace === undefined || (place.catalog !== undefined && place.namespace.length > 0)) &&
      (place.table === undefined || place.namespace !== undefined)
    if (!isPlace) {
      throw new MoraineError(
        'invalid-input',
        `a grant of ${name} names no place: a table needs its namespace, and a namespace its catalog`,
      )
    }
  }
}
