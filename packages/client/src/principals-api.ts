import {
  issuedCredential,
  type newCredentialBody,
  type PrincipalBody,
  principal,
} from '@moraine/api/rest/principal-schemas'
import { type Static, Type } from 'typebox'
import { type ApiConnection, callApi } from './api-connection.ts'

export type PrincipalEntry = PrincipalBody
/** A role at a place and all below it; without a catalog everywhere. */
export type GrantEntry = PrincipalBody['grants'][number]
export type NewCredential = Static<typeof newCredentialBody>
/** Never to be logged. */
export type IssuedCredential = Static<typeof issuedCredential>

export type GrantsChange = {
  /** As they were listed; without it they are replaced whatever they are. */
  readonly from?: readonly GrantEntry[]
  readonly to: readonly GrantEntry[]
}

/** Who may do what at the service, and what they show for it. */
export interface PrincipalsApi {
  /** By name, with their credentials; of these no secret is told. */
  list(signal?: AbortSignal): Promise<readonly PrincipalEntry[]>
  create(name: string, grants: readonly GrantEntry[], signal?: AbortSignal): Promise<PrincipalEntry>
  /**
   * Replaces its grants.
   *
   * @throws {MoraineError} `conflict` if they are not those that were expected, or nobody would be left to let others in
   */
  change(name: string, grants: GrantsChange, signal?: AbortSignal): Promise<PrincipalEntry>
  /** With all its credentials, at once. */
  remove(name: string, signal?: AbortSignal): Promise<void>
  /** Its secret is told this once. */
  issueCredential(name: string, credential: NewCredential, signal?: AbortSignal): Promise<IssuedCredential>
  /** With every token it was exchanged for, at once. */
  revokeCredential(name: string, id: string, signal?: AbortSignal): Promise<void>
}

const ALL = '/principals'

export function principalsApi(connection: ApiConnection): PrincipalsApi {
  const send = (method: 'POST' | 'PUT', path: string, body: object, signal: AbortSignal | undefined) =>
    callApi(connection, { method, path, body, result: principal }, signal)
  const remove = async (path: string, signal: AbortSignal | undefined) => {
    await callApi(connection, { method: 'DELETE', path, result: Type.Null() }, signal)
  }
  return {
    list: (signal) => callApi(connection, { method: 'GET', path: ALL, result: Type.Array(principal) }, signal),
    create: (name, grants, signal) => send('POST', ALL, { name, grants }, signal),
    change: (name, { from, to }, signal) =>
      send('PUT', pathOf(name), { grants: to, ...(from !== undefined && { expectedGrants: from }) }, signal),
    remove: (name, signal) => remove(pathOf(name), signal),
    issueCredential: (name, body, signal) =>
      callApi(
        connection,
        { method: 'POST', path: `${pathOf(name)}/credentials`, body, result: issuedCredential },
        signal,
      ),
    revokeCredential: (name, id, signal) => remove(`${pathOf(name)}/credentials/${encodeURIComponent(id)}`, signal),
  }
}

function pathOf(name: string): string {
  return `${ALL}/${encodeURIComponent(name)}`
}
