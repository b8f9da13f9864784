import type { Catalog, TableChange, TransactionOutcome } from '../catalog.ts'
import type { RestSubject } from './rest-answer.ts'
import { encodeTransaction } from './rest-json.ts'
import type { RestPaths } from './rest-path.ts'
import type { RestTransport } from './rest-transport.ts'
import { sendCommit } from './send-commit.ts'

/**
 * Commits to several tables of a REST catalog at once. The protocol answers without the tables, so they are loaded
 * afterwards: what is returned may have later commits in it, and is `unknown` if a table cannot be loaded.
 */
export async function commitTransaction(
  send: RestTransport,
  paths: RestPaths,
  loadTable: Catalog['loadTable'],
  changes: readonly TableChange[],
  signal?: AbortSignal,
): Promise<TransactionOutcome> {
  for (const { identifier } of changes) paths.check(identifier.namespace)
  const request = { method: 'POST', path: paths.transaction(), body: encodeTransaction(changes) } as const
  const committed = async () => {
    const tables = await Promise.all(changes.map(({ identifier }) => loadTable(identifier, signal)))
    return { kind: 'committed', tables } as const
  }
  return sendCommit({ send, request, subject: TABLES, committed }, signal)
}

const TABLES: RestSubject = { entity: 'table', conflict: 'conflict' }
