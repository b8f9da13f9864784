import { type TSchema, Type } from 'typebox'
import {
  catalogConfig,
  credentials,
  icebergError,
  identifierList,
  loadedTable,
  loadedView,
  namespaceBody,
  namespaceChange,
  namespaceChanged,
  namespaceList,
  newNamespace,
  newTable,
  newView,
  registerBody,
  registerTableBody,
  renameBody,
  reportBody,
  scanPlan,
  scanPlanRequest,
  scanTaskList,
  scanTasksRequest,
  signed,
  signRequest,
  tableCommit,
  transaction,
  viewCommit,
} from './iceberg-schemas.ts'

/** What the description of the API says of one endpoint of Iceberg's REST catalog protocol. */
export type EndpointDescription = {
  readonly summary: string
  readonly querystring?: TSchema
  readonly body?: TSchema
  /** By status; `null` where there is no body. */
  readonly response: Readonly<Record<string, TSchema>>
}

const NONE = Type.Null()
const NS = '/v1/{prefix}/namespaces'
const TABLE = `${NS}/{namespace}/tables/{table}`
const VIEW = `${NS}/{namespace}/views/{view}`
const page = Type.Object({
  pageToken: Type.Optional(
    Type.String({ description: 'Empty for the first page; without it everything is answered.' }),
  ),
  pageSize: Type.Optional(
    Type.Integer({ minimum: 1, description: 'Of a page, at most; 1000 where it is more or absent.' }),
  ),
})
const children = Type.Object({ ...page.properties, parent: Type.Optional(Type.String()) })
const snapshots = Type.Object({ snapshots: Type.Optional(Type.Enum(['all', 'refs'])) })
const purge = Type.Object({ purgeRequested: Type.Optional(Type.Boolean()) })

const reads = (summary: string, result: TSchema, querystring?: TSchema) => ({
  summary,
  ...(querystring !== undefined && { querystring }),
  response: { 200: result },
})
const writes = (summary: string, body: TSchema, result: TSchema = NONE) => ({
  summary,
  body,
  response: { [result === NONE ? 204 : 200]: result },
})
const does = (summary: string, querystring?: TSchema) => ({
  summary,
  ...(querystring !== undefined && { querystring }),
  response: { 204: NONE },
})

/** By method and path, as the protocol writes them and as the service lists them to its clients. */
export const ICEBERG_ENDPOINTS: Readonly<Record<string, EndpointDescription>> = described({
  'GET /v1/config': reads('What a client is to know first', catalogConfig, Type.Object({ warehouse: Type.String() })),

  [`GET ${NS}`]: reads('Namespaces', namespaceList, children),
  [`POST ${NS}`]: writes('Create a namespace', newNamespace, namespaceBody),
  [`HEAD ${NS}/{namespace}`]: does('Whether a namespace is there'),
  [`GET ${NS}/{namespace}`]: reads('A namespace and its properties', namespaceBody),
  [`DELETE ${NS}/{namespace}`]: does('Drop a namespace; 409 while it holds something'),
  [`POST ${NS}/{namespace}/properties`]: writes('Change properties of a namespace', namespaceChange, namespaceChanged),

  [`GET ${NS}/{namespace}/tables`]: reads('Tables', identifierList, page),
  [`POST ${NS}/{namespace}/tables`]: writes('Create or stage a table', newTable, loadedTable),
  [`GET ${TABLE}`]: reads('A table and its metadata', loadedTable, snapshots),
  [`HEAD ${TABLE}`]: does('Whether a table is there'),
  [`POST ${TABLE}`]: writes('Commit to a table', tableCommit, loadedTable),
  [`DELETE ${TABLE}`]: does('Drop a table', purge),
  [`GET ${TABLE}/credentials`]: reads('Credentials for the files of a table', credentials),
  [`POST ${TABLE}/sign`]: writes('Sign a request to the store of a table', signRequest, signed),
  [`POST ${TABLE}/metrics`]: writes('Report how a scan or a commit went', reportBody),
  [`POST ${NS}/{namespace}/register`]: writes('Register a metadata file as a table', registerTableBody, loadedTable),
  [`POST ${TABLE}/unregister`]: {
    summary: 'Forget a table, and say in which state; its files stay',
    response: { 200: loadedTable },
  },
  'POST /v1/{prefix}/tables/rename': writes('Rename a table', renameBody),
  'POST /v1/{prefix}/transactions/commit': writes('Commit to several tables or to none', transaction),

  [`POST ${TABLE}/plan`]: writes('Plan a scan', scanPlanRequest, scanPlan),
  [`GET ${TABLE}/plan/{plan-id}`]: reads('A plan that was made', scanPlan),
  [`DELETE ${TABLE}/plan/{plan-id}`]: does('Give up a plan'),
  [`POST ${TABLE}/tasks`]: writes('The files of a part of a plan', scanTasksRequest, scanTaskList),

  [`GET ${NS}/{namespace}/views`]: reads('Views', identifierList, page),
  [`POST ${NS}/{namespace}/views`]: writes('Create a view', newView, loadedView),
  [`GET ${VIEW}`]: reads('A view and its metadata', loadedView),
  [`HEAD ${VIEW}`]: does('Whether a view is there'),
  [`POST ${VIEW}`]: writes('Commit to a view', viewCommit, loadedView),
  [`DELETE ${VIEW}`]: does('Drop a view'),
  [`POST ${NS}/{namespace}/register-view`]: writes('Register a metadata file as a view', registerBody, loadedView),
  'POST /v1/{prefix}/views/rename': writes('Rename a view', renameBody),
})

/** Failures have one form; a question without a body is answered by the status alone. */
function described(endpoints: Readonly<Record<string, EndpointDescription>>) {
  return Object.fromEntries(
    Object.entries(endpoints).map(([name, endpoint]) => {
      const failure = name.startsWith('HEAD ') ? NONE : icebergError
      return [name, { ...endpoint, response: { ...endpoint.response, '4xx': failure, '5xx': failure } }]
    }),
  )
}
