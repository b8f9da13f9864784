import {
  BLOCKER_TIMEOUT_PROPERTY,
  BlockableOperationCode,
  CREATE_TIME_PROPERTY,
  EXPIRATION_PROPERTY,
  type tableMetastore,
} from '@moraine/api/thrift/table-metastore'
import type { BlockableOperation as Operation } from '@moraine/management/records/blocker'
import type { ManagedTable } from '@moraine/management/records/managed-table'
import type { Stores } from '@moraine/management/store/stores'
import { isKind, MoraineError } from '@moraine/stdx/error'
import type { Handlers } from '@moraine/thrift/dispatch'
import type { ArgsOf } from '@moraine/thrift/service'
import { findInAnyCase } from '../catalogs/find-in-any-case.ts'
import { findTable } from '../catalogs/find-table.ts'
import { type EndingBlocker, type TableBlockersDeps, tableBlockers } from '../changes/table-blockers.ts'

type Methods = (typeof tableMetastore)['methods']
type BlockerHandlers = Pick<Handlers<Methods>, 'block' | 'releaseBlocker' | 'renewBlocker' | 'getBlockers'>
type WireTable = ArgsOf<Methods['block']>['tableIdentifier']

export type BlockerHandlersDeps = TableBlockersDeps & { readonly stores: Pick<Stores, 'catalogs' | 'tables'> }

/** Leases of engines, which ask for one before they write and look whether they still have it before they commit. */
export function blockerHandlers(deps: BlockerHandlersDeps): BlockerHandlers {
  const { stores, blockerTimeoutMs } = deps
  const blockers = tableBlockers(deps)
  const body = (blocker: EndingBlocker) => blockerBody(blocker, blockerTimeoutMs)
  return {
    async block({ tableIdentifier, operations = [], properties = new Map() }) {
      const asked = { operations: operationsOf(operations), properties: Object.fromEntries(properties) }
      return body(await blockers.block(await managedTable(stores, tableIdentifier), asked))
    },
    async releaseBlocker({ tableIdentifier, blockerId }) {
      try {
        await blockers.release(await managedTable(stores, tableIdentifier), blockerId)
      } catch (error) {
        // With its table a lease is gone, too.
        if (!isKind(error, 'not-found')) throw error
      }
      return undefined
    },
    async renewBlocker({ tableIdentifier, blockerId }) {
      const { expiresAt } = await blockers.renew(await managedTable(stores, tableIdentifier), blockerId)
      return BigInt(expiresAt)
    },
    getBlockers: async ({ tableIdentifier }) =>
      (await blockers.list(await managedTable(stores, tableIdentifier))).map(body),
  }
}

async function managedTable(
  stores: Pick<Stores, 'catalogs' | 'tables'>,
  { catalog, database: db, tableName: table }: WireTable,
): Promise<ManagedTable> {
  const { name } = await findInAnyCase(stores.catalogs, catalog)
  return findTable(stores, { catalog: name, db, table })
}

const OPERATIONS: ReadonlyMap<number, Operation> = new Map([
  [BlockableOperationCode.optimize, 'optimize'],
  [BlockableOperationCode.batchWrite, 'batch-write'],
])

const WIRE_OPERATIONS = {
  optimize: BlockableOperationCode.optimize,
  'batch-write': BlockableOperationCode.batchWrite,
} as const satisfies Record<Operation, number>

function operationsOf(asked: readonly number[]): readonly Operation[] {
  if (asked.length === 0) throw new MoraineError('invalid-input', 'a blocker names the operations that it forbids')
  return [...new Set(asked)].map((each) => {
    const operation = OPERATIONS.get(each)
    if (operation !== undefined) return operation
    const known = [...OPERATIONS].map(([value, name]) => `${value} (${name})`).join(' and ')
    throw new MoraineError('invalid-input', `there is no operation ${each} to block; there are ${known}`)
  })
}

function blockerBody({ blockerId, operations, properties, createdAt, expiresAt }: EndingBlocker, timeoutMs: number) {
  return {
    blockerId,
    operations: operations.map((each) => WIRE_OPERATIONS[each]),
    properties: new Map([
      ...Object.entries(properties),
      [CREATE_TIME_PROPERTY, String(createdAt)],
      [EXPIRATION_PROPERTY, String(expiresAt)],
      [BLOCKER_TIMEOUT_PROPERTY, String(timeoutMs)],
    ]),
  }
}
