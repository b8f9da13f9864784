import type { Catalog, TableCommit } from '@moraine/catalogs/catalog'
import type { CatalogViews } from '@moraine/catalogs/catalog-views'
import type { TableIdentifier } from '@moraine/catalogs/table-identifier'
import { parseTableMetadata } from '@moraine/iceberg/metadata/table-metadata-json'
import { FILE_PATH_PROPERTIES } from '@moraine/iceberg/metadata/table-properties'
import type { TableUpdate } from '@moraine/iceberg/metadata/table-update'
import { parseViewMetadata } from '@moraine/iceberg/view/view-metadata-json'
import type { ViewUpdate } from '@moraine/iceberg/view/view-update'
import { describeError, isKind, MoraineError, outcomeUnknown } from '@moraine/stdx/error'
import type { FileIO } from '@moraine/storage/file-io'
import type { Identity } from './identity.ts'
import { type Claim, type PlacementRules, placement } from './placement.ts'

export type PlacedCatalogDeps = {
  readonly rules: PlacementRules
  readonly identity: Identity
  /** Where the files of the catalog's tables are. */
  readonly io: FileIO
}

/**
 * A catalog as somebody may use it: what they name as the place of a table, view or namespace is judged first
 * ({@link placement}). The internal catalog, which knows who lies where, judges what is left.
 */
export function placedCatalog(catalog: Catalog, { rules, identity, io }: PlacedCatalogDeps): Catalog {
  const judge = placement(catalog, rules, identity)
  const isReadElsewhere = rules.type === 'rest' || rules.type === 'custom'
  const { views, commitTables, overwriteTable } = catalog
  const judgeCommit = async (
    identifier: TableIdentifier,
    { updates }: TableCommit,
    signal: AbortSignal | undefined,
  ) => {
    const load = async () => (await catalog.loadTable(identifier, signal)).metadata
    await judgeChange((each) => judge.table(identifier, each, signal), claimsOfUpdates(updates), load)
  }
  return {
    ...catalog,
    async createNamespace(namespace, properties, signal) {
      judge.folder(properties ?? {})
      await catalog.createNamespace(namespace, properties, signal)
    },
    async updateNamespace(namespace, change, signal) {
      judge.folder(change.set)
      return catalog.updateNamespace(namespace, change, signal)
    },
    async createTable(identifier, table, signal) {
      await judge.table(identifier, claimsOf(table), signal)
      return catalog.createTable(identifier, table, signal)
    },
    async stageTable(identifier, table, signal) {
      await judge.table(identifier, claimsOf(table), signal)
      return catalog.stageTable(identifier, table, signal)
    },
    async registerTable(identifier, metadataLocation, signal) {
      await judge.table(identifier, [{ field: 'metadata-location', location: metadataLocation }], signal)
      if (!judge.isByPlace) return catalog.registerTable(identifier, metadataLocation, signal)
      const judgeMetadata = judgeOfMetadata(judge, identifier)
      if (!isReadElsewhere) {
        return catalog.registerTable(identifier, metadataLocation, signal, (metadata) =>
          judgeMetadata(metadata, signal),
        )
      }
      await judgeMetadata(parseTableMetadata(await io.read(metadataLocation, signal), metadataLocation), signal)
      return judgedAgain(await catalog.registerTable(identifier, metadataLocation, signal), judgeMetadata, () =>
        catalog.dropTable(identifier),
      )
    },
    ...(overwriteTable && {
      async overwriteTable(identifier, metadataLocation, signal) {
        await judge.table(identifier, [{ field: 'metadata-location', location: metadataLocation }], signal)
        if (!judge.isByPlace) return overwriteTable(identifier, metadataLocation, signal)
        // What was there could not be had back once the other server has read something else than was judged.
        if (isReadElsewhere) throw unjudged(catalog.name)
        return overwriteTable(identifier, metadataLocation, signal, (metadata) =>
          judge.table(identifier, claimsOf(metadata), signal),
        )
      },
    }),
    async commitTable(identifier, commit, signal) {
      await judgeCommit(identifier, commit, signal)
      return catalog.commitTable(identifier, commit, signal)
    },
    ...(commitTables && {
      async commitTables(changes, signal) {
        for (const { identifier, commit } of changes) await judgeCommit(identifier, commit, signal)
        return commitTables(changes, signal)
      },
    }),
    ...(views && { views: placedViews(views, judge, io) }),
  }
}

function placedViews(views: CatalogViews, judge: Placement, io: FileIO): CatalogViews {
  return {
    ...views,
    async createView(identifier, view, signal) {
      await judge.table(identifier, claimsOf(view), signal)
      return views.createView(identifier, view, signal)
    },
    async registerView(identifier, metadataLocation, signal) {
      await judge.table(identifier, [{ field: 'metadata-location', location: metadataLocation }], signal)
      if (!judge.isByPlace) return views.registerView(identifier, metadataLocation, signal)
      // Only other servers have views here.
      const judgeMetadata = judgeOfMetadata(judge, identifier)
      await judgeMetadata(parseViewMetadata(await io.read(metadataLocation, signal), metadataLocation), signal)
      return judgedAgain(await views.registerView(identifier, metadataLocation, signal), judgeMetadata, () =>
        views.dropView(identifier),
      )
    },
    async commitView(identifier, commit, signal) {
      const load = async () => (await views.loadView(identifier, signal)).metadata
      await judgeChange((each) => judge.table(identifier, each, signal), claimsOfUpdates(commit.updates), load)
      return views.commitView(identifier, commit, signal)
    },
  }
}

/**
 * Another server read the file after us, which may have changed between: what it answers counts, and is forgotten if refused,
 * even if nobody waits for it any more.
 */
async function judgedAgain<Registered extends { readonly metadata: Placed }>(
  registered: Registered,
  judge: (metadata: Placed) => Promise<void>,
  forget: () => Promise<void>,
): Promise<Registered> {
  try {
    await judge(registered.metadata)
  } catch (refusal) {
    await forget().catch((cause: unknown) => {
      throw outcomeUnknown(`what was refused is registered, and could not be removed: ${describeError(refusal)}`, cause)
    })
    throw refusal
  }
  return registered
}

function unjudged(catalog: string): MoraineError {
  return new MoraineError(
    'permission',
    `catalog ${catalog} reads by itself what is registered over a table: it takes a role on all of the catalog; or drop the table without a purge, then register`,
  )
}

type Placement = ReturnType<typeof placement>

type Placed = { readonly location?: string; readonly properties?: Readonly<Record<string, string>> }

function claimsOf({ location, properties = {} }: Placed): readonly Claim[] {
  return [...(location === undefined ? [] : [{ field: 'location', location }]), ...pathClaims(properties)]
}

/** Of a commit to a table or a view. */
function claimsOfUpdates(updates: readonly (TableUpdate | ViewUpdate)[]): readonly Claim[] {
  return updates.flatMap((update): readonly Claim[] => {
    if (update.action === 'set-location') return [{ field: 'location', location: update.location }]
    return update.action === 'set-properties' ? pathClaims(update.updates) : []
  })
}

function judgeOfMetadata(judge: Placement, identifier: TableIdentifier) {
  return (metadata: Placed, signal?: AbortSignal) => judge.table(identifier, claimsOf(metadata), signal)
}

function pathClaims(properties: Readonly<Record<string, string>>): readonly Claim[] {
  return FILE_PATH_PROPERTIES.flatMap((field) => {
    const location = Object.hasOwn(properties, field) ? properties[field] : undefined
    return location === undefined || location === '' ? [] : [{ field, location }]
  })
}

/** What stays as it was is not judged: a table may be where rules of today would not put it. */
async function judgeChange(
  judge: (claims: readonly Claim[]) => Promise<void>,
  claims: readonly Claim[],
  load: () => Promise<Placed>,
): Promise<void> {
  try {
    await judge(claims)
  } catch (refusal) {
    const before = await load().catch((error: unknown) => {
      // Nothing is there to be as it was.
      if (isKind(error, 'not-found')) throw refusal
      throw error
    })
    const known = new Set(claimsOf(before).map(({ field, location }) => `${field} ${location}`))
    const changed = claims.filter(({ field, location }) => !known.has(`${field} ${location}`))
    await judge(changed)
  }
}
