import type { Catalog, TransactionOutcome } from '@moraine/catalogs/catalog'
import { decodeTransaction } from '@moraine/catalogs/rest/rest-json'
import { MoraineError } from '@moraine/stdx/error'
import { commitFailed, commitStateUnknown, encodeRestError } from './rest-error.ts'
import { bodyOf, NO_CONTENT, type RestAnswer, type RestCall, type RestRoute } from './rest-route.ts'

export const TRANSACTION_ROUTES: readonly RestRoute[] = [
  { method: 'POST', path: '/v1/{prefix}/transactions/commit', answer: commitTables },
]

/** As a single commit, it is made again where another overtook it on the last step and its requirements still hold. */
async function commitTables(call: RestCall): Promise<RestAnswer> {
  const commit = transactionsOf(call.catalog)
  const changes = bodyOf(call, decodeTransaction)
  let outcome: TransactionOutcome
  let round = 0
  do {
    outcome = await commit(changes)
    round += 1
  } while (outcome.kind === 'conflict' && outcome.raced === true && round < ROUNDS_MAX)
  if (outcome.kind !== 'committed') {
    const error = outcome.kind === 'conflict' ? commitFailed(outcome.reason) : commitStateUnknown(outcome.cause)
    return { status: error.status, json: encodeRestError(error) }
  }
  for (const { identifier, metadataLocation } of outcome.tables) {
    call.hooks.onCommit?.({ catalog: call.catalog.name, identifier, metadataLocation })
  }
  return NO_CONTENT
}

const ROUNDS_MAX = 20

function transactionsOf({ name, commitTables }: Catalog): NonNullable<Catalog['commitTables']> {
  if (commitTables !== undefined) return commitTables
  throw new MoraineError('unsupported', `catalog ${name} cannot commit to several tables at once`)
}
