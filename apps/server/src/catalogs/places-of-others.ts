import type { OtherCatalogs, OtherTable } from '@moraine/catalogs/internal/other-catalogs'
import { connectionProperties } from '@moraine/management/catalogs/catalog-connection'
import { type CatalogType, type StoredCatalog, secretName } from '@moraine/management/catalogs/managed-catalog'
import type { ManagedTable } from '@moraine/management/records/managed-table'
import { formatTableName, type TableName } from '@moraine/management/records/table-name'
import type { TableQuery } from '@moraine/management/records/table-store'
import type { Stores } from '@moraine/management/store/stores'
import { checkAborted } from '@moraine/stdx/abort'
import { describeError, isKind, MoraineError } from '@moraine/stdx/error'
import { isBelow, isLocation, placeOf } from '@moraine/storage/places'
import type { SecretVault } from '../secrets/secret-vault.ts'
import { unsealCatalog } from './catalog-secrets.ts'

/** What catalogs use of the stores that they share, by where their warehouses are and where their tables were last seen. */
export type PlacesOfOthers = OtherCatalogs & {
  /**
   * Whose files might go with those of a table of `catalog` at the folder, in words. Catalogs are asked for tables that nobody
   * has looked at yet.
   *
   * @throws {MoraineError} `unavailable` if it cannot be found out now
   */
  findUser(catalog: string, folder: string, signal?: AbortSignal): Promise<string | undefined>
  /** Other catalogs whose warehouses are at, in or around that of this one, whether it is registered or not. */
  findOverlaps(catalog: Warehoused): Promise<readonly WarehouseOverlap[]>
}

/** Where both catalogs are of the service itself, it knows the places of all tables in it one by one. */
export type WarehouseOverlap = { readonly catalog: string; readonly areBothOwn: boolean }

export type PlacesOfOthersDeps = {
  readonly stores: Pick<Stores, 'catalogs' | 'tables'>
  readonly vault: SecretVault
  /** The metadata file of a table, as its catalog says; `undefined` for one that is gone. */
  findMetadataLocation(table: TableName, signal?: AbortSignal): Promise<string | undefined>
}

type Warehoused = { readonly name: string; readonly type: CatalogType; readonly warehouse: string | undefined }

/**
 * A question costs the list of catalogs, and for each that others keep one scan by the database over its managed tables, which
 * brings those over that have a folder of the same name in the location of their metadata.
 */
export function placesOfOthers(deps: PlacesOfOthersDeps): PlacesOfOthers {
  const others = async (catalog: string) =>
    (await deps.stores.catalogs.listCatalogs()).filter(({ name }) => name !== catalog)
  const findWarehouse = async (catalog: string, folder: string) => {
    const place = knownPlace(folder)
    if (place === undefined) return undefined
    const found = (await others(catalog)).flatMap((each) => {
      const warehouse = knownPlace(warehouseOf(each, deps.vault))
      if (warehouse === undefined) return []
      const isAround = isBelow(place, warehouse) && place !== warehouse
      if (isAround ? each.type === 'ams' : !isBelow(warehouse, place)) return []
      return [{ catalog: each.name, isAround }]
    })
    // One that is not around says more.
    return found.find(({ isAround }) => !isAround) ?? found[0]
  }
  const findTable = async (catalog: string, folder: string): Promise<OtherTable | undefined> => {
    const place = knownPlace(folder)
    if (place === undefined) return undefined
    const metadata = { contains: textsFor(place) }
    for (const { name } of (await others(catalog)).filter(isKeptElsewhere)) {
      for await (const { name: table, evaluation } of allTables(deps, { catalog: name, metadata })) {
        if (evaluation !== undefined && uses(evaluation.metadataLocation, place)) return table
      }
    }
    return undefined
  }
  return {
    findWarehouse,
    findTable,

    async findUser(catalog, folder, signal) {
      const warehouse = await findWarehouse(catalog, folder)
      if (warehouse !== undefined) {
        return `the warehouse of catalog ${warehouse.catalog} is ${warehouse.isAround ? 'around' : 'in'} ${folder}`
      }
      const known = await findTable(catalog, folder)
      if (known !== undefined) return inWords(known, folder)
      for (const { name } of (await others(catalog)).filter(isKeptElsewhere)) {
        for await (const { name: table } of allTables(deps, { catalog: name, metadata: 'unknown' })) {
          if (signal !== undefined) checkAborted(signal, `looking for what uses ${folder}`)
          const file = await metadataLocationOf(deps, table, signal)
          if (file !== undefined && uses(file, knownPlace(folder) ?? folder)) return inWords(table, folder)
        }
      }
      return undefined
    },

    async findOverlaps({ name, type, warehouse: mine }) {
      const place = knownPlace(mine)
      if (place === undefined) return []
      return (await others(name)).flatMap((each) => {
        const warehouse = knownPlace(warehouseOf(each, deps.vault))
        const overlaps = warehouse !== undefined && (isBelow(place, warehouse) || isBelow(warehouse, place))
        return overlaps ? [{ catalog: each.name, areBothOwn: type === 'ams' && each.type === 'ams' }] : []
      })
    },
  }
}

/** The catalog's property, which is a place for some kinds of catalogs, and a name for others. */
function warehouseOf(catalog: StoredCatalog, vault: SecretVault): string | undefined {
  // Another secret that cannot be opened is in nobody's way here.
  const sealed = catalog.sealedSecrets?.[WAREHOUSE]
  const sealedSecrets = sealed === undefined ? {} : { [WAREHOUSE]: sealed }
  const plain = unsealCatalog({ ...catalog, sealedSecrets }, vault)
  if (plain.properties['warehouse'] !== undefined || catalog.type !== 'hive') return plain.properties['warehouse']
  try {
    return connectionProperties(plain)['hive.metastore.warehouse.dir']
  } catch (error) {
    // What makes no sense opens no catalog either.
    if (error instanceof MoraineError) return undefined
    throw error
  }
}

const WAREHOUSE = secretName('properties', 'warehouse')

/** The service knows places of the tables of its own catalogs one by one. */
function isKeptElsewhere({ type }: StoredCatalog): boolean {
  return type !== 'ams'
}

async function* allTables(
  { stores }: PlacesOfOthersDeps,
  query: Omit<TableQuery, 'limit'>,
): AsyncGenerator<ManagedTable> {
  for (let after = query.after; ; ) {
    const page = await stores.tables.listTables({ ...query, ...(after !== undefined && { after }), limit: PAGE })
    yield* page
    after = page.at(-1)?.tableId
    if (page.length < PAGE) return
  }
}

const PAGE = 500

async function metadataLocationOf(deps: PlacesOfOthersDeps, table: TableName, signal: AbortSignal | undefined) {
  try {
    return await deps.findMetadataLocation(table, signal)
  } catch (cause) {
    if (isKind(cause, 'not-found')) return undefined
    if (isKind(cause, 'aborted')) throw cause
    throw new MoraineError(
      'unavailable',
      `where table ${formatTableName(table)} lies, which was not looked at yet, cannot be told now: ${describeError(cause)}`,
      { cause },
    )
  }
}

/** However its location is spelled, with repeated slashes too: some of what it has between slashes. */
function textsFor(place: string): readonly string[] {
  const segments = place.split('/')
  return [`/${segments.at(-1)}/`, ...segments.slice(1).map((segment) => `/${segment}/metadata/`)]
}

/** Whether a table with this metadata file has files in the place, or has the place within its own. */
function uses(metadataLocation: string, place: string): boolean {
  const file = knownPlace(metadataLocation)
  // What no store of ours could open may lie anywhere.
  if (file === undefined) return true
  const usual = /^(.*[^/])\/metadata\/[^/]*$/.exec(file)?.[1]
  return isBelow(file, place) || (usual !== undefined && isBelow(place, usual))
}

function inWords(table: TableName | OtherTable, folder: string): string {
  const { catalog, namespace, name } = table
  return `table ${[...namespace, name].join('.')} of catalog ${catalog} lies in, or around, ${folder}`
}

/** `undefined` for what is no location, as the name of a warehouse. */
function knownPlace(text: string | undefined): string | undefined {
  return text !== undefined && isLocation(text) ? placeOf(text) : undefined
}
