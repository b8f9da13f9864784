import type { Catalog } from '@moraine/catalogs/catalog'
import { decodeTransaction } from '@moraine/catalogs/rest/rest-json'
import { MoraineError } from '@moraine/stdx/error'
import { demand } from '../access/identity.ts'
import { makeCommit } from './make-commit.ts'
import { bodyOf, NO_CONTENT, placeOfTable, type RestAnswer, type RestCall, type RestRoute } from './rest-route.ts'

export const TRANSACTION_ROUTES: readonly RestRoute[] = [
  { method: 'POST', path: '/v1/{prefix}/transactions/commit', needs: 'see', answer: commitTables },
]

async function commitTables(call: RestCall): Promise<RestAnswer> {
  const commit = transactionsOf(call.catalog)
  const changes = bodyOf(call, decodeTransaction)
  for (const { identifier } of changes) demand(call.identity, 'write-table', placeOfTable(call, identifier))
  return makeCommit(
    () => commit(changes, call.signal),
    () => NO_CONTENT,
  )
}

function transactionsOf({ name, commitTables }: Catalog): NonNullable<Catalog['commitTables']> {
  if (commitTables !== undefined) return commitTables
  throw new MoraineError('unsupported', `catalog ${name} cannot commit to several tables at once`)
}
