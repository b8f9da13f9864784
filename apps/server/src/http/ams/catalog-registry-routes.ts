import {
  type CatalogSettingInfo,
  type CatalogUpdateInfo,
  catalogRegisterInfo,
  catalogSettingInfo,
  catalogTypeProperties,
  catalogUpdateInfo,
  connectionReport,
  metastoreEntry,
  metastoreParams,
  saveQuery,
  storageEntry,
} from '@moraine/api/rest/catalog-register-schemas'
import { catalogParams } from '@moraine/api/rest/catalog-schemas'
import { isAllowed } from '@moraine/management/access/grant'
import { CATALOG_FILES, type CatalogForm } from '@moraine/management/catalogs/catalog-form'
import {
  COMMON_PROPERTIES,
  formatsOf,
  METASTORES,
  metastoreType,
  storagesOf,
} from '@moraine/management/catalogs/catalog-matrix'
import type { Stores } from '@moraine/management/store/stores'
import { withoutAddressSecrets } from '@moraine/stdx/address-for-messages'
import type { Clock } from '@moraine/stdx/clock'
import { MoraineError } from '@moraine/stdx/error'
import { Type } from 'typebox'
import type { CatalogDescription, CatalogRegistry } from '../../catalogs/catalog-registry.ts'
import { storageEntries } from '../../catalogs/storage-entries.ts'
import type { InTime } from '../../requests/answer-in-time.ts'
import type { OwnRequests } from '../own-requests.ts'
import { type FormValue, formOfBody } from './form-of-body.ts'
import { identityOf } from './guard-routes.ts'
import { refuseNewConnection } from './refuse-new-connection.ts'
import { type ApiServer, answers, success } from './route-types.ts'

export type CatalogRegistryRoutesDeps = {
  readonly registry: CatalogRegistry
  readonly stores: {
    readonly groups: Pick<Stores['groups'], 'findGroup'>
    readonly files: Pick<Stores['files'], 'findFile'>
  }
  readonly ownRequests: Pick<OwnRequests, 'leadsHere'>
  readonly inTime: InTime
  readonly clock: Pick<Clock, 'now'>
}

const tags = ['catalogs']
/** Two files of Hadoop, in base64, beside the rest. */
const BODY_BYTES_MAX = 8 * 1024 * 1024

/** Catalogs registered, changed, tested and removed, in Amoro's shapes. The test is not in Amoro. */
export function catalogRegistryRoutes(server: ApiServer, deps: CatalogRegistryRoutesDeps): void {
  metastoreRoutes(server)
  propertiesRoute(server)
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
  server.get(
    '/catalogs/metastore/:type/storages',
    {
      schema: {
        tags,
        summary: 'Kinds of storage that a type of catalog takes, each with what may be said for it. Not in Amoro',
        params: metastoreParams,
        response: answers(Type.Array(storageEntry)),
      },
    },
    async ({ params }) =>
      success(
        storageEntries(metastoreType(params.type)).map(
          ({ value, formats, schemes, settings, authTypes, properties }) => ({
            value,
            formats: [...formats],
            schemes: [...schemes],
            settings: [...settings],
            authTypes: [...authTypes],
            properties: [...properties],
          }),
        ),
      ),
  )
}

function propertiesRoute(server: ApiServer): void {
  server.get(
    '/catalogs/metastore/:type/properties',
    {
      schema: {
        tags,
        summary: 'Properties that a type of catalog needs, and those that it takes. Not in Amoro',
        params: metastoreParams,
        response: answers(catalogTypeProperties),
      },
    },
    async ({ params }) => {
      const { required, elsewhere = {}, optional } = metastoreType(params.type)
      return success({
        required: [...required],
        elsewhere: { ...elsewhere },
        optional: [...optional],
        common: [...COMMON_PROPERTIES],
      })
    },
  )
}

function saveRoutes(server: ApiServer, deps: CatalogRegistryRoutesDeps): void {
  const { registry, ownRequests, inTime, clock } = deps
  const { groups, files } = deps.stores
  const formOf = (body: CatalogUpdateInfo) => formOfBody(body, (fileId) => files.findFile(fileId, clock.now()))
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
    async (request, reply) =>
      inTime(request, reply, async (signal) => {
        const { body, query } = request
        const form = await formOf(body)
        await refuseOwnService(form, ownRequests, signal)
        await refuseUnknownGroup(form, groups)
        await registry.register(body.name, form, { ...query, signal })
        return success('')
      }),
  )
  server.put(
    '/catalogs/:catalog',
    {
      bodyLimit: BODY_BYTES_MAX,
      schema: {
        tags,
        summary: 'Change a catalog, of that version if one is named; what is not repeated is gone, but for secrets',
        params: catalogParams,
        body: catalogUpdateInfo,
        querystring: saveQuery,
        response: answers(Type.Null()),
      },
    },
    async (request, reply) =>
      inTime(request, reply, async (signal) => {
        const { params, body, query } = request
        const form = await formOf(body)
        const managesAll = isAllowed(identityOf(request).grants, 'manage-catalog', {})
        const judge = managesAll ? undefined : (before: CatalogDescription) => refuseNewConnection(form, before)
        const { version } = body
        await refuseUnknownGroup(form, groups)
        // Nobody else has the service ask an address of their choice.
        if (managesAll) await refuseOwnService(form, ownRequests, signal)
        const options = { ...query, signal, ...(version !== undefined && { version }) }
        await registry.update(params.catalog, form, options, judge)
        return success(null)
      }),
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
    async (request, reply) =>
      inTime(request, reply, async (signal) => {
        const { body } = request
        const form = await formOf(body)
        await refuseOwnService(form, ownRequests, signal)
        const { passed, steps } = await registry.test(body.name, form, signal)
        return success({ passed, steps: [...steps] })
      }),
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

/** Its tables would wait for ever in a group that no optimizer can register in. */
async function refuseUnknownGroup(
  { optimizerGroup = '' }: CatalogForm,
  groups: CatalogRegistryRoutesDeps['stores']['groups'],
): Promise<void> {
  if (optimizerGroup === '' || (await groups.findGroup(optimizerGroup)) !== undefined) return
  throw new MoraineError(
    'invalid-input',
    `optimizerGroup: there is no resource group '${optimizerGroup}'; make it first (POST /optimize/resourceGroups), or name another`,
  )
}

/** It would ask itself for ever, or look after the tables of one of its catalogs twice. */
async function refuseOwnService(
  { type, properties: { uri = '' } = {} }: CatalogForm,
  { leadsHere }: CatalogRegistryRoutesDeps['ownRequests'],
  signal: AbortSignal,
): Promise<void> {
  if (type !== 'rest' || !(await leadsHere(uri, signal))) return
  throw new MoraineError(
    'invalid-input',
    `properties.uri: ${withoutAddressSecrets(uri)} is an address of this very service, which looks after its catalogs anyway; register what it keeps by the address of another service, or use the catalog that is registered already`,
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
