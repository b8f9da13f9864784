import {
  type CatalogSettingInfo,
  type CatalogUpdateInfo,
  catalogSettingInfo,
  catalogTypeProperties,
  connectionReport,
  metastoreEntry,
} from '@moraine/api/rest/catalog-register-schemas'
import { catalogMeta } from '@moraine/api/rest/catalog-schemas'
import { droppedPage, droppedTable } from '@moraine/api/rest/dropped-schemas'
import { type Static, type TSchema, Type } from 'typebox'
import { type ApiConnection, type ApiRequest, callApi } from './api-connection.ts'

export type CatalogMeta = Static<typeof catalogMeta>
export type ConnectionAnswer = Static<typeof connectionReport>
export type DroppedEntry = Static<typeof droppedTable>

export type CatalogTypeEntry = {
  readonly value: string
  readonly display: string
  readonly formats: readonly string[]
  readonly storages: readonly string[]
  readonly properties: Static<typeof catalogTypeProperties>
}

/** Where a dropped table is to come back, if not under its old name. */
export type RestoredName = { readonly namespace: readonly string[]; readonly name: string }

/** The catalogs of the service. Secrets go in and never come out: an answer has them masked. */
export interface CatalogsApi {
  list(signal?: AbortSignal): Promise<readonly CatalogMeta[]>
  find(name: string, signal?: AbortSignal): Promise<CatalogSettingInfo>
  /** With what each type takes. */
  types(signal?: AbortSignal): Promise<readonly CatalogTypeEntry[]>
  /** Changes nothing. Secrets that are masked or absent are those of the registered catalog of that name. */
  test(name: string, form: CatalogUpdateInfo, signal?: AbortSignal): Promise<ConnectionAnswer>
  register(name: string, form: CatalogUpdateInfo, signal?: AbortSignal): Promise<void>
  /** What the form leaves out is gone, but for secrets: these stay unless they are given, or emptied. */
  change(name: string, form: CatalogUpdateInfo, signal?: AbortSignal): Promise<void>
  remove(name: string, signal?: AbortSignal): Promise<void>
  /** The last dropped first. */
  listDropped(
    catalog: string,
    page: string | undefined,
    signal?: AbortSignal,
  ): Promise<{ readonly items: readonly DroppedEntry[]; readonly nextPage?: string; readonly purgeIntervalMs: number }>
  /** @param files whether they go, too; as the drop said if absent */
  purgeDropped(catalog: string, dropId: string, files: boolean | undefined, signal?: AbortSignal): Promise<DroppedEntry>
  restoreDropped(
    catalog: string,
    dropId: string,
    as: RestoredName | undefined,
    signal?: AbortSignal,
  ): Promise<DroppedEntry>
}

export function catalogsApi(connection: ApiConnection): CatalogsApi {
  const call = <T extends TSchema>(request: ApiRequest<T>, signal: AbortSignal | undefined) =>
    callApi(connection, request, signal)
  return {
    list: (signal) => call({ method: 'GET', path: '/catalogs', result: Type.Array(catalogMeta) }, signal),
    find: (name, signal) => call({ method: 'GET', path: pathOf(name), result: catalogSettingInfo }, signal),
    types: (signal) => listTypes(connection, signal),
    test: (name, form, signal) =>
      call({ method: 'POST', path: '/catalogs/test', body: { ...form, name }, result: connectionReport }, signal),
    async register(name, form, signal) {
      await call({ method: 'POST', path: '/catalogs', body: { ...form, name }, result: Type.String() }, signal)
    },
    async change(name, form, signal) {
      await call({ method: 'PUT', path: pathOf(name), body: form, result: Type.Null() }, signal)
    },
    async remove(name, signal) {
      await call({ method: 'DELETE', path: pathOf(name), result: Type.String() }, signal)
    },
    async listDropped(catalog, page, signal) {
      const request = { method: 'GET', path: `${pathOf(catalog)}/dropped-tables`, query: { nextPage: page } } as const
      const { list, nextPage, purgeIntervalMs } = await call({ ...request, result: droppedPage }, signal)
      return { items: list, ...(nextPage !== null && { nextPage }), purgeIntervalMs }
    },
    purgeDropped(catalog, dropId, files, signal) {
      const path = `${pathOf(catalog)}/dropped-tables/${encodeURIComponent(dropId)}/purge`
      const body = files === undefined ? {} : { files }
      return call({ method: 'POST', path, body, result: droppedTable }, signal)
    },
    restoreDropped(catalog, dropId, as, signal) {
      const path = `${pathOf(catalog)}/dropped-tables/${encodeURIComponent(dropId)}/restore`
      return call({ method: 'POST', path, body: as === undefined ? {} : { as }, result: droppedTable }, signal)
    },
  }
}

async function listTypes(
  connection: ApiConnection,
  signal: AbortSignal | undefined,
): Promise<readonly CatalogTypeEntry[]> {
  const get = <T extends TSchema>(path: string, result: T) =>
    callApi(connection, { method: 'GET', path: `/catalogs/metastore/${path}`, result }, signal)
  const entries = await get('types', Type.Array(metastoreEntry))
  const words = Type.Array(Type.String())
  return Promise.all(
    entries.map(async ({ value, display }) => {
      const of = (what: string) => get(`${encodeURIComponent(value)}/${what}`, words)
      const [formats, storages, properties] = await Promise.all([
        of('table-formats'),
        of('storage-types'),
        get(`${encodeURIComponent(value)}/properties`, catalogTypeProperties),
      ])
      return { value, display, formats, storages, properties }
    }),
  )
}

function pathOf(catalog: string): string {
  return `/catalogs/${encodeURIComponent(catalog)}`
}
