import type { Catalog } from '@moraine/catalogs/catalog'
import { checkPlace, EXTERNAL_LOCATIONS } from '@moraine/catalogs/internal/location-rules'
import { ownFiles } from '@moraine/catalogs/metadata-file/own-files'
import type { Namespace, TableIdentifier } from '@moraine/catalogs/table-identifier'
import { configuredLocation } from '@moraine/catalogs/table-location'
import { isAllowed } from '@moraine/management/access/grant'
import type { CatalogType } from '@moraine/management/catalogs/managed-catalog'
import { isKind, MoraineError } from '@moraine/stdx/error'
import { demand, type Identity } from './identity.ts'
import { isPlainName, usualFolder } from './usual-folder.ts'

/** What a catalog that somebody else keeps says of where tables may be. */
export type PlacementRules = {
  readonly type: CatalogType
  /** Where it is one: that of a REST catalog is a name. */
  readonly warehouse: string | undefined
  /** `allow.external.table.location` */
  readonly allowsExternal: boolean
}

/** A place that somebody wants for a table or view, and what they call it. */
export type Claim = { readonly field: string; readonly location: string }

export type PlaceJudge = {
  /** Whether places are judged at all: not where another server does so, and whoever asks may write all of the catalog. */
  readonly isByPlace: boolean
  /** @throws {MoraineError} `invalid-input` for what is out of the catalog's places, `permission` for what is out of theirs */
  table(identifier: TableIdentifier, claims: readonly Claim[], signal?: AbortSignal): Promise<void>
  /** Judges a `location` among the properties that a namespace is to have; errors as of {@link table}. */
  folder(properties: Readonly<Record<string, string>>): void
}

/**
 * Where somebody may put tables. Who may write all of the catalog: in its warehouse and in the namespace's folder, or
 * anywhere if it allows external locations; of the service's own catalogs that is left to the catalog itself, which knows
 * who lies where. Others: in the folder of a namespace that they may write, or of a table. So nobody makes a table of files
 * that they could not write anyway, neither by a location nor by registering the metadata file of another table, takes the
 * place of what is to come elsewhere, or learns what is there.
 */
export function placement(catalog: Catalog, rules: PlacementRules, identity: Identity): PlaceJudge {
  const { name, grants } = identity
  const mayWriteAll = isAllowed(grants, 'write-table', { catalog: catalog.name })
  const isKeptElsewhere = rules.type === 'rest' || rules.type === 'custom'
  const isByPlace = !((isKeptElsewhere || rules.type === 'ams') && mayWriteAll)
  const warehouse = isKeptElsewhere ? undefined : rules.warehouse
  return {
    isByPlace,
    async table(identifier, claims, signal) {
      if (!isByPlace || claims.length === 0) return
      const folders = await foldersOf(catalog, { ...rules, warehouse }, identifier.namespace, signal)
      if (mayWriteAll) {
        for (const claim of claims) checkRoots(claim, rootsOf(warehouse, ...folders), rules.allowsExternal)
        return
      }
      const isShared =
        rules.type === 'jdbc' && (await isNamespace(catalog, [...identifier.namespace, identifier.name], signal))
      const own = folders.flatMap((folder) => ownFolder(identity, catalog.name, identifier, { folder, isShared }) ?? [])
      let others: readonly Root[] | undefined
      for (const claim of claims) {
        let root = rootOf(claim.location, own, rules.type)
        if (root === undefined) {
          others ??= await otherRoots(catalog, { ...rules, warehouse }, identity, signal)
          root = rootOf(claim.location, others, rules.type)
        }
        if (root === undefined) throw outOfReach(name, claim, catalog.name)
        checkPlace({ warehouse: root.folder, allowsExternal: false }, claim.field, claim.location)
      }
    },
    folder(properties) {
      const location = configuredLocation(properties)
      if (location === undefined || !isByPlace) return
      // Whoever may write the tables of a namespace would else come to the folder of any other.
      demand(identity, 'write-table', { catalog: catalog.name })
      checkRoots({ field: 'location', location }, rootsOf(warehouse), rules.allowsExternal)
    },
  }
}

/** `isPlace`: a table may also be the folder itself. */
type Root = { readonly folder: string; readonly isPlace: boolean }

function rootsOf(...folders: readonly (string | undefined)[]): readonly Root[] {
  return folders.flatMap((folder) => (folder === undefined ? [] : [{ folder, isPlace: false }]))
}

/** The folders of the namespaces that somebody may write in the catalog, wherever the table belongs that they put there. */
async function otherRoots(
  catalog: Catalog,
  rules: PlacementRules,
  { grants }: Identity,
  signal: AbortSignal | undefined,
): Promise<readonly Root[]> {
  const folders: string[] = []
  for (const { place } of grants) {
    const { namespace, table } = place
    if (place.catalog !== catalog.name || namespace === undefined || table !== undefined) continue
    if (!isAllowed(grants, 'write-table', { catalog: catalog.name, namespace })) continue
    folders.push(...(await foldersOf(catalog, rules, namespace, signal)))
  }
  return rootsOf(...folders)
}

function rootOf(location: string, roots: readonly Root[], type: CatalogType): Root | undefined {
  const root = roots.find((each) => isIn(location, each))
  if (root !== undefined || type !== 'ams') return root
  // Where the folder of its name is not empty the catalog itself gives a new table one that ends with random digits.
  const named = location.replace(/-[0-9a-f]{8}$/, '')
  const isNew = named !== location && roots.some((each) => each.isPlace && isIn(named, each))
  return isNew ? { folder: location, isPlace: true } : undefined
}

/** Where the tables of a namespace are, as the catalog says or as is usual. */
async function foldersOf(
  catalog: Catalog,
  { type, warehouse }: PlacementRules,
  namespace: Namespace,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  const properties = await catalog.loadNamespace(namespace, signal).catch((error: unknown) => {
    // JDBC catalogs have namespaces that nothing but their tables says.
    if (isKind(error, 'not-found')) return {}
    throw error
  })
  const configured = configuredLocation(properties)
  const usual = usualFolder(type, namespace)
  const isUsual = usual !== undefined && !(type === 'jdbc' && (await isInTable(catalog, namespace, signal)))
  if (warehouse === undefined || !isUsual) return configured === undefined ? [] : [configured]
  const root = warehouse.replace(/\/+$/, '')
  // JDBC catalogs put what is created here into a folder for all levels, and say so; Java's, into one for each.
  const isOurs = type === 'jdbc' && configured === `${root}/${namespace.join('.')}`
  if (configured !== undefined && !isOurs) return [configured]
  return [...(configured === undefined ? [] : [configured]), `${root}/${usual}`]
}

/** Whether the usual folder of a namespace is, or lies in, that of a table: of one that is called as one of its levels. */
async function isInTable(catalog: Catalog, namespace: Namespace, signal: AbortSignal | undefined): Promise<boolean> {
  for (const [at, name] of namespace.entries()) {
    if (at === 0) continue
    const table = { namespace: namespace.slice(0, at), name }
    if ((await catalog.findMetadataLocation(table, signal)) !== undefined) return true
  }
  return false
}

async function isNamespace(catalog: Catalog, namespace: Namespace, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    await catalog.loadNamespace(namespace, signal)
    return true
  } catch (error) {
    if (isKind(error, 'not-found')) return false
    throw error
  }
}

/** @param isShared whether the folder of the table's name is that of a namespace, too */
function ownFolder(
  { grants }: Identity,
  catalog: string,
  { namespace, name }: TableIdentifier,
  { folder, isShared }: { readonly folder: string; readonly isShared: boolean },
): Root | undefined {
  if (isAllowed(grants, 'write-table', { catalog, namespace })) return { folder, isPlace: false }
  const isOfTable = isAllowed(grants, 'write-table', { catalog, namespace, table: name }) && isPlainName(name)
  return isOfTable && !isShared ? { folder: `${folder.replace(/\/+$/, '')}/${name}`, isPlace: true } : undefined
}

function checkRoots({ field, location }: Claim, roots: readonly Root[], allowsExternal: boolean): void {
  const root = roots.find((each) => isIn(location, each))
  if (root === undefined && !allowsExternal) {
    const places = roots.length === 0 ? 'the catalog has no warehouse' : 'it is not below its warehouse or namespace'
    throw new MoraineError(
      'invalid-input',
      `${field}: ${JSON.stringify(location)} is no place for it, since ${places}; catalogs with ${EXTERNAL_LOCATIONS} allow it`,
    )
  }
  checkPlace({ warehouse: root?.folder ?? '/', allowsExternal }, field, location)
}

function isIn(location: string, { folder, isPlace }: Root): boolean {
  const isBelow = ownFiles({ location: folder, properties: {} })
  return isBelow(location) || (isPlace && isBelow(`${location}/x`))
}

function outOfReach(name: string, { field, location }: Claim, catalog: string): MoraineError {
  return new MoraineError(
    'permission',
    `${field}: ${JSON.stringify(location)} is not in the folder of what ${name} may write, so that it takes a role on all of catalog ${catalog}`,
  )
}
