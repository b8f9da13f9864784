import {
  type CatalogSettingInfo,
  type CatalogUpdateInfo,
  catalogRegisterInfo,
  catalogSettingInfo,
  catalogUpdateInfo,
  connectionReport,
  metastoreEntry,
  metastoreParams,
  saveQuery,
} from '@moraine/api/rest/catalog-register-schemas'
import { catalogParams } from '@moraine/api/rest/catalog-schemas'
import { CATALOG_FILES, type CatalogForm } from '@moraine/management/catalogs/catalog-form'
import { formatsOf, METASTORES, metastoreType, storagesOf } from '@moraine/management/catalogs/catalog-matrix'
import { MoraineError } from '@moraine/stdx/error'
import { Type } from 'typebox'
import type { CatalogDescription, CatalogRegistry } from '../../catalogs/catalog-registry.ts'
import { MASK } from '../../catalogs/catalog-secrets.ts'
import { type ApiServer, answers, success } from './route-types.ts'

export type CatalogRegistryRoutesDeps = { readonly registry: CatalogRegistry }

const tags = ['catalogs']
/** Two files of Hadoop, in base64, beside the rest. */
const BODY_BYTES_MAX = 8 * 1024 * 1024

/** Catalogs registered, changed, tested and removed, in Amoro's shapes. The test is not in Amoro. */
export function catalogRegistryRoutes(server: ApiServer, deps: CatalogRegistryRoutesDeps): void {
  metastoreRoutes(server)
  saveRoutes(server, deps)
  singleRoutes(server, deps)
}

function metastoreRoutes(server: ApiServer): void {
  server.get(
    '/catalogs/metastore/types',
    { schema: { tags, summary: 'Types of catalogs', response: answers(Type.Array(metastoreEntry)) } },
    async () => success(METASTORES.map(({ value, display }) => ({ value, display }))),
  )
  const words = { params: metastoreParams, response: answers(Type.Array(Type.String())) }
  server.get(
    '/catalogs/metastore/:type/table-formats',
    { schema: { tags, summary: 'Formats that a type of catalog takes', ...words } },
    async ({ params }) => success([...formatsOf(metastoreType(params.type))]),
  )
  server.get(
    '/catalogs/metastore/:type/storage-types',
    { schema: { tags, summary: 'Kinds of storage that a type of catalog takes', ...words } },
    async ({ params }) => success([...storagesOf(metastoreType(params.type))]),
  )
}

function saveRoutes(server: ApiServer, { registry }: CatalogRegistryRoutesDeps): void {
  server.post(
    '/catalogs',
    {
      bodyLimit: BODY_BYTES_MAX,
      schema: {
        tags,
        summary: 'Register a catalog',
        body: catalogRegisterInfo,
        querystring: saveQuery,
        response: answers(Type.String()),
      },
    },
    async ({ body, query }) => {
      await registry.register(body.name, formOf(body), query)
      return success('')
    },
  )
  server.put(
    '/catalogs/:catalog',
    {
      bodyLimit: BODY_BYTES_MAX,
      schema: {
        tags,
        summary: 'Change a catalog; what is not repeated is gone, but for secrets',
        params: catalogParams,
        body: catalogUpdateInfo,
        querystring: saveQuery,
        response: answers(Type.Null()),
      },
    },
    async ({ params, body, query }) => {
      await registry.update(params.catalog, formOf(body), query)
      return success(null)
    },
  )
  server.post(
    '/catalogs/test',
    {
      bodyLimit: BODY_BYTES_MAX,
      schema: {
        tags,
        summary: 'Try a catalog without saving it; secrets that are absent are those of the registered one',
        body: catalogRegisterInfo,
        response: answers(connectionReport),
      },
    },
    async ({ body }) => {
      const { passed, steps } = await registry.test(body.name, formOf(body))
      return success({ passed, steps: [...steps] })
    },
  )
}

function singleRoutes(server: ApiServer, { registry }: CatalogRegistryRoutesDeps): void {
  server.get(
    '/catalogs/:catalog',
    {
      schema: {
        tags,
        summary: 'A catalog as a form shows it',
        params: catalogParams,
        response: answers(catalogSettingInfo),
      },
    },
    async ({ params }) => success(settingInfoOf(await registry.describe(params.catalog))),
  )
  server.delete(
    '/catalogs/:catalog',
    {
      schema: {
        tags,
        summary: 'Forget a catalog; refused while an internal one has databases',
        params: catalogParams,
        response: answers(Type.String()),
      },
    },
    async ({ params }) => {
      await registry.remove(params.catalog)
      return success('OK')
    },
  )
  server.get(
    '/catalogs/:catalog/delete/check',
    {
      schema: {
        tags,
        summary: 'Whether a catalog can be forgotten',
        params: catalogParams,
        response: answers(Type.Boolean()),
      },
    },
    async ({ params }) => success((await registry.findObstacle(params.catalog)) === undefined),
  )
}

function formOf(body: CatalogUpdateInfo): CatalogForm {
  const { name: _, storageConfig = {}, authConfig = {}, ...form } = body
  return {
    ...form,
    storageConfig: textsOf(storageConfig, 'storageConfig'),
    authConfig: textsOf(authConfig, 'authConfig'),
  }
}

type FormValue = NonNullable<CatalogUpdateInfo['storageConfig']>[string]

/** A file that is sent back as it was shown, or not at all, stays. Amoro's numbers of uploaded files mean nothing here. */
function textsOf(map: Readonly<Record<string, FormValue>>, field: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(map).flatMap(([key, value]) => {
      const isFile = key in CATALOG_FILES
      if (typeof value !== 'string') return value.fileName === '' ? [] : [[key, MASK]]
      if (isFile && value === '') return []
      if (!isFile || !/^\d+$/.test(value)) return [[key, value]]
      const text = `${field}.${key} is the number of an uploaded file; files are not uploaded here: give its content in base64`
      throw new MoraineError('invalid-input', text)
    }),
  )
}

function settingInfoOf(description: CatalogDescription): CatalogSettingInfo {
  const { storageConfig, authConfig, tableFormatList, secretsSet, ...rest } = description
  const isHadoop = storageConfig['storage.type'] === 'Hadoop'
  return {
    ...rest,
    tableFormatList: [...tableFormatList],
    storageConfig: { ...(isHadoop && NO_SITES), ...withFiles(storageConfig) },
    authConfig: withFiles(authConfig),
    properties: { ...rest.properties },
    tableProperties: { ...rest.tableProperties },
    secretsSet: [...secretsSet],
  }
}

const NO_FILE = { fileName: '', fileUrl: '' }
/** As Amoro's form has them, whether they are set or not. */
const NO_SITES = { 'hive.site': NO_FILE, 'hadoop.core.site': NO_FILE, 'hadoop.hdfs.site': NO_FILE }

function withFiles(map: Readonly<Record<string, string>>): Record<string, FormValue> {
  return Object.fromEntries(
    Object.entries(map).map(([key, value]) => {
      const fileName = CATALOG_FILES[key]
      return [key, fileName === undefined ? value : { fileName, fileUrl: '' }]
    }),
  )
}
