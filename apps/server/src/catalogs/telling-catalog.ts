import type { Catalog } from '@moraine/catalogs/catalog'
import type { DroppedTables } from '@moraine/catalogs/dropped-tables'
import type { TableIdentifier } from '@moraine/catalogs/table-identifier'
import { isOutcomeUnknown } from '@moraine/stdx/error'
import type { FindOpened } from './open-catalogs.ts'
import type { TellTableChange } from './tell-table-change.ts'

/** The same catalogs, each of which tells. */
export function tellingCatalogs(find: FindOpened, tell: TellTableChange): FindOpened {
  return async (name, signal) => {
    const opened = await find(name, signal)
    const { catalog, under } = opened
    return {
      ...opened,
      catalog: tellingCatalog(catalog, tell),
      ...(under && { under: (claim) => tellingCatalog(under(claim), tell) }),
    }
  }
}

/**
 * The same catalog, which tells of every table that was changed through it, whichever way it was asked to: once it was
 * done, or once nobody knows whether it was. Views are nobody's concern.
 */
export function tellingCatalog(catalog: Catalog, tell: TellTableChange): Catalog {
  const { commitTables, overwriteTable, purgeTable, dropped } = catalog
  const tellOf = (kind: 'written' | 'gone') => (identifier: TableIdentifier) =>
    tell({ kind, table: { catalog: catalog.name, namespace: identifier.namespace, name: identifier.name } })
  const [written, gone] = [tellOf('written'), tellOf('gone')]
  return {
    ...catalog,
    async commitTable(identifier, commit, signal) {
      const outcome = await catalog.commitTable(identifier, commit, signal)
      if (outcome.kind !== 'conflict') written(outcome.kind === 'committed' ? outcome.table.identifier : identifier)
      return outcome
    },
    ...(commitTables !== undefined && {
      async commitTables(changes, signal) {
        const outcome = await commitTables(changes, signal)
        if (outcome.kind !== 'conflict') for (const { identifier } of changes) written(identifier)
        return outcome
      },
    }),
    createTable: (identifier, ...asked) => then(catalog.createTable(identifier, ...asked), () => written(identifier)),
    registerTable: (identifier, ...asked) =>
      then(catalog.registerTable(identifier, ...asked), () => written(identifier)),
    ...(overwriteTable !== undefined && {
      overwriteTable: (identifier, ...asked) => then(overwriteTable(identifier, ...asked), () => written(identifier)),
    }),
    dropTable: (identifier, signal) => then(catalog.dropTable(identifier, signal), () => gone(identifier)),
    ...(purgeTable !== undefined && {
      purgeTable: (identifier, signal) => then(purgeTable(identifier, signal), () => gone(identifier)),
    }),
    renameTable: (from, to, signal) => then(catalog.renameTable(from, to, signal), () => gone(from)),
    ...(dropped !== undefined && { dropped: tellingDropped(dropped, { written, gone }) }),
  }
}

function tellingDropped(
  dropped: DroppedTables,
  { written, gone }: Readonly<Record<'written' | 'gone', (identifier: TableIdentifier) => void>>,
): DroppedTables {
  return {
    ...dropped,
    dropTable: (identifier, ...asked) => then(dropped.dropTable(identifier, ...asked), () => gone(identifier)),
    async restoreDropped(...asked) {
      const restored = await dropped.restoreDropped(...asked)
      if (restored.kind === 'table') written(restored.identifier)
      return restored
    },
  }
}

async function then<T>(change: Promise<T>, done: () => void): Promise<T> {
  try {
    const result = await change
    done()
    return result
  } catch (error) {
    if (isOutcomeUnknown(error)) done()
    throw error
  }
}
