import { MoraineError } from '@moraine/stdx/error'
import type { Catalog, TableChange, TransactionOutcome } from '../catalog.ts'
import { expectSuccess, type RestSubject, restFailure } from './rest-answer.ts'
import { encodeTransaction } from './rest-json.ts'
import type { RestPaths } from './rest-path.ts'
import { isUnsentRequest, type RestResponse, type RestTransport } from './rest-transport.ts'

/**
 * Commits to several tables of a REST catalog at once. The protocol answers without the tables, so they are loaded
 * afterwards: what is returned may have later commits in it.
 */
export async function commitTransaction(
  send: RestTransport,
  paths: RestPaths,
  loadTable: Catalog['loadTable'],
  changes: readonly TableChange[],
  signal?: AbortSignal,
): Promise<TransactionOutcome> {
  const request = { method: 'POST', path: paths.transaction(), body: encodeTransaction(changes) } as const
  let response: RestResponse
  try {
    response = await send(request, signal)
  } catch (cause) {
    if (!(cause instanceof MoraineError) || isUnsentRequest(cause)) throw cause
    return { kind: 'unknown', cause }
  }
  const { status } = response
  if (status === 409) return { kind: 'conflict', reason: restFailure(response, TABLES).message }
  if (status >= 500 && status !== 501) return { kind: 'unknown', cause: restFailure(response, TABLES) }
  expectSuccess(response, TABLES)
  return {
    kind: 'committed',
    tables: await Promise.all(changes.map(({ identifier }) => loadTable(identifier, signal))),
  }
}

const TABLES: RestSubject = { entity: 'table', conflict: 'conflict' }
