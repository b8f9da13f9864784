import { Type } from 'typebox'

// The bodies of Iceberg's REST catalog protocol (rest-catalog-open-api.yaml, Iceberg 1.11), as far as the service answers and
// reads them. They describe; what reads requests are the decoders of the protocol, which say more exactly what is wrong.

const OPEN = { additionalProperties: true }

const properties = Type.Record(Type.String(), Type.String())
const namespace = Type.Array(Type.String(), { description: 'The levels of a namespace, outermost first.' })
const identifier = Type.Object({ namespace, name: Type.String() }, { title: 'TableIdentifier' })
const nextPageToken = Type.Union([Type.String(), Type.Null()])
const int64 = Type.Integer({ format: 'int64' })

/** `IcebergErrorResponse` */
export const icebergError = Type.Object(
  {
    error: Type.Object({
      message: Type.String({ description: 'What is wrong, with the thing it is wrong with and the remedy.' }),
      type: Type.String({ description: 'What clients act on, for example NoSuchTableException.' }),
      code: Type.Integer({ minimum: 400, maximum: 599, description: 'The HTTP status of this answer.' }),
    }),
  },
  { title: 'IcebergErrorResponse' },
)

export const catalogConfig = Type.Object(
  {
    defaults: properties,
    overrides: properties,
    endpoints: Type.Array(Type.String()),
    'idempotency-key-lifetime': Type.Optional(Type.String()),
  },
  { title: 'CatalogConfig' },
)

export const namespaceList = Type.Object(
  { namespaces: Type.Array(namespace), 'next-page-token': nextPageToken },
  { title: 'ListNamespacesResponse' },
)
export const namespaceBody = Type.Object({ namespace, properties }, { title: 'GetNamespaceResponse' })
export const newNamespace = Type.Object(
  { namespace, properties: Type.Optional(properties) },
  { title: 'CreateNamespaceRequest' },
)
export const namespaceChange = Type.Object(
  {
    removals: Type.Optional(Type.Array(Type.String())),
    updates: Type.Optional(properties),
  },
  { title: 'UpdateNamespacePropertiesRequest' },
)
export const namespaceChanged = Type.Object(
  {
    updated: Type.Array(Type.String()),
    removed: Type.Array(Type.String()),
    missing: Type.Array(Type.String()),
  },
  { title: 'UpdateNamespacePropertiesResponse' },
)

export const identifierList = Type.Object(
  { identifiers: Type.Array(identifier), 'next-page-token': nextPageToken },
  { title: 'ListTablesResponse' },
)

/** Struct types nest; what nests is described by its first level. */
const schema = Type.Object(
  {
    type: Type.Literal('struct'),
    'schema-id': Type.Optional(Type.Integer()),
    'identifier-field-ids': Type.Optional(Type.Array(Type.Integer())),
    fields: Type.Array(
      Type.Object({
        id: Type.Integer(),
        name: Type.String(),
        required: Type.Boolean(),
        type: Type.Union([Type.String({ examples: ['long', 'string'] }), Type.Object({}, OPEN)]),
        doc: Type.Optional(Type.String()),
      }),
    ),
  },
  { title: 'Schema', examples: [{ type: 'struct', fields: [{ id: 1, name: 'id', required: true, type: 'long' }] }] },
)
const partitionSpec = Type.Object(
  {
    'spec-id': Type.Optional(Type.Integer()),
    fields: Type.Array(
      Type.Object({ 'source-id': Type.Integer(), name: Type.String(), transform: Type.String() }, OPEN),
    ),
  },
  { ...OPEN, title: 'PartitionSpec' },
)
const sortOrder = Type.Object(
  { 'order-id': Type.Integer(), fields: Type.Array(Type.Object({}, OPEN)) },
  { ...OPEN, title: 'SortOrder' },
)

export const newTable = Type.Object(
  {
    name: Type.String(),
    location: Type.Optional(Type.String()),
    schema,
    'partition-spec': Type.Optional(partitionSpec),
    'write-order': Type.Optional(sortOrder),
    'stage-create': Type.Optional(Type.Boolean()),
    properties: Type.Optional(properties),
  },
  { title: 'CreateTableRequest' },
)

const tableMetadata = Type.Object(
  {
    'format-version': Type.Integer({ minimum: 1, maximum: 3 }),
    'table-uuid': Type.Optional(Type.String()),
    location: Type.String(),
    'last-updated-ms': int64,
    'last-column-id': Type.Integer(),
    properties: Type.Optional(properties),
    schemas: Type.Optional(Type.Array(schema)),
    'current-schema-id': Type.Optional(Type.Integer()),
    snapshots: Type.Optional(Type.Array(Type.Object({ 'snapshot-id': int64, 'timestamp-ms': int64 }, OPEN))),
  },
  { ...OPEN, title: 'TableMetadata' },
)
const credential = Type.Object({ prefix: Type.String(), config: properties }, { title: 'StorageCredential' })
export const credentials = Type.Object(
  { 'storage-credentials': Type.Array(credential) },
  { title: 'LoadCredentialsResponse' },
)

/** `metadata-location` is absent from the answer to a creation that is staged. */
export const loadedTable = Type.Object(
  {
    'metadata-location': Type.Optional(Type.String()),
    metadata: tableMetadata,
    config: Type.Optional(properties),
    'storage-credentials': Type.Optional(Type.Array(credential)),
  },
  { title: 'LoadTableResult' },
)
export const registerBody = Type.Object(
  { name: Type.String(), 'metadata-location': Type.String() },
  { title: 'RegisterViewRequest' },
)
export const registerTableBody = Type.Object(
  {
    ...registerBody.properties,
    overwrite: Type.Optional(
      Type.Boolean({ description: 'Takes the place of a table of that name, whose files stay.' }),
    ),
  },
  { title: 'RegisterTableRequest' },
)
export const renameBody = Type.Object({ source: identifier, destination: identifier }, { title: 'RenameTableRequest' })

const action = <const T extends string>(value: T) => ({ action: Type.Literal(value) })
const kind = <const T extends string>(value: T) => ({ type: Type.Literal(value) })
const requirement = Type.Union([
  Type.Object(kind('assert-create')),
  Type.Object({ ...kind('assert-table-uuid'), uuid: Type.String() }),
  Type.Object({
    ...kind('assert-ref-snapshot-id'),
    ref: Type.String(),
    'snapshot-id': Type.Union([int64, Type.Null()]),
  }),
  Type.Object({ ...kind('assert-current-schema-id'), 'current-schema-id': Type.Integer() }),
  Type.Object({ ...kind('assert-default-spec-id'), 'default-spec-id': Type.Integer() }),
  Type.Object({ ...kind('assert-default-sort-order-id'), 'default-sort-order-id': Type.Integer() }),
  Type.Object({ ...kind('assert-last-assigned-field-id'), 'last-assigned-field-id': Type.Integer() }),
  Type.Object({ ...kind('assert-last-assigned-partition-id'), 'last-assigned-partition-id': Type.Integer() }),
])
const update = Type.Union([
  Type.Object({ ...action('set-properties'), updates: properties }),
  Type.Object({ ...action('remove-properties'), removals: Type.Array(Type.String()) }),
  Type.Object({ ...action('set-location'), location: Type.String() }),
  Type.Object({ ...action('assign-uuid'), uuid: Type.String() }),
  Type.Object({ ...action('upgrade-format-version'), 'format-version': Type.Integer() }),
  Type.Object({ ...action('add-schema'), schema, 'last-column-id': Type.Optional(Type.Integer()) }),
  Type.Object({ ...action('set-current-schema'), 'schema-id': Type.Integer() }),
  Type.Object({ ...action('add-spec'), spec: partitionSpec }),
  Type.Object({ ...action('set-default-spec'), 'spec-id': Type.Integer() }),
  Type.Object({ ...action('add-sort-order'), 'sort-order': sortOrder }),
  Type.Object({ ...action('set-default-sort-order'), 'sort-order-id': Type.Integer() }),
  Type.Object({
    ...action('add-snapshot'),
    snapshot: Type.Object({
      'snapshot-id': int64,
      'parent-snapshot-id': Type.Optional(int64),
      'sequence-number': Type.Optional(int64),
      'timestamp-ms': int64,
      'manifest-list': Type.String(),
      summary: Type.Record(Type.String(), Type.String()),
      'schema-id': Type.Optional(Type.Integer()),
    }),
  }),
  Type.Object({
    ...action('set-snapshot-ref'),
    'ref-name': Type.String(),
    type: Type.Enum(['branch', 'tag']),
    'snapshot-id': int64,
  }),
  Type.Object({ ...action('remove-snapshot-ref'), 'ref-name': Type.String() }),
  Type.Object({ ...action('remove-snapshots'), 'snapshot-ids': Type.Array(int64) }),
  Type.Object({ ...action('remove-statistics'), 'snapshot-id': int64 }),
  Type.Object({ ...action('remove-partition-specs'), 'spec-ids': Type.Array(Type.Integer()) }),
  Type.Object({ ...action('remove-schemas'), 'schema-ids': Type.Array(Type.Integer()) }),
])
const commit = { requirements: Type.Array(requirement), updates: Type.Array(update) }
export const tableCommit = Type.Object(
  { identifier: Type.Optional(identifier), ...commit },
  { title: 'CommitTableRequest' },
)
export const transaction = Type.Object(
  { 'table-changes': Type.Array(Type.Object({ identifier, ...commit })) },
  { title: 'CommitTransactionRequest' },
)

const viewVersion = Type.Object({
  'version-id': Type.Integer(),
  'timestamp-ms': int64,
  'schema-id': Type.Integer(),
  summary: properties,
  representations: Type.Array(Type.Object({ type: Type.Literal('sql'), sql: Type.String(), dialect: Type.String() })),
  'default-catalog': Type.Optional(Type.String()),
  'default-namespace': namespace,
})
export const newView = Type.Object(
  {
    name: Type.String(),
    location: Type.Optional(Type.String()),
    schema,
    'view-version': viewVersion,
    properties,
  },
  { title: 'CreateViewRequest' },
)
export const loadedView = Type.Object(
  {
    'metadata-location': Type.String(),
    metadata: Type.Object(
      {
        'view-uuid': Type.String(),
        'format-version': Type.Literal(1),
        location: Type.String(),
        schemas: Type.Array(schema),
        versions: Type.Array(Type.Object({ 'version-id': Type.Integer() }, OPEN)),
        'current-version-id': Type.Integer(),
      },
      OPEN,
    ),
  },
  { title: 'LoadViewResult' },
)
export const viewCommit = Type.Object(
  {
    identifier: Type.Optional(identifier),
    requirements: Type.Optional(Type.Array(Type.Object({ ...kind('assert-view-uuid'), uuid: Type.String() }))),
    updates: Type.Array(
      Type.Union([
        Type.Object({ ...action('set-properties'), updates: properties }),
        Type.Object({ ...action('remove-properties'), removals: Type.Array(Type.String()) }),
        Type.Object({ ...action('set-location'), location: Type.String() }),
        Type.Object({ ...action('assign-uuid'), uuid: Type.String() }),
        Type.Object({ ...action('add-schema'), schema }),
        Type.Object({ ...action('add-view-version'), 'view-version': viewVersion }),
        Type.Object({ ...action('set-current-view-version'), 'view-version-id': Type.Integer() }),
      ]),
    ),
  },
  { title: 'CommitViewRequest' },
)

/** The filter is an expression, which nests; `true` takes all rows. */
export const scanPlanRequest = Type.Object(
  {
    'snapshot-id': Type.Optional(int64),
    'start-snapshot-id': Type.Optional(int64),
    'end-snapshot-id': Type.Optional(int64),
    select: Type.Optional(Type.Array(Type.String())),
    filter: Type.Optional(Type.Union([Type.Boolean(), Type.Object({}, OPEN)])),
    'case-sensitive': Type.Optional(Type.Boolean()),
    'use-snapshot-schema': Type.Optional(Type.Boolean()),
    'stats-fields': Type.Optional(Type.Array(Type.String())),
    'min-rows-requested': Type.Optional(int64),
  },
  { title: 'PlanTableScanRequest' },
)
const scanTasks = {
  'plan-tasks': Type.Optional(Type.Array(Type.String())),
  'delete-files': Type.Optional(Type.Array(Type.Object({}, OPEN))),
  'file-scan-tasks': Type.Optional(Type.Array(Type.Object({ 'data-file': Type.Object({}, OPEN) }, OPEN))),
}
export const scanPlan = Type.Object(
  {
    status: Type.Literal('completed'),
    'plan-id': Type.Optional(Type.String()),
    ...scanTasks,
  },
  { title: 'PlanTableScanResult' },
)
export const scanTasksRequest = Type.Object({ 'plan-task': Type.String() }, { title: 'FetchScanTasksRequest' })
export const scanTaskList = Type.Object(scanTasks, { title: 'FetchScanTasksResult' })

export const reportBody = Type.Object(
  {
    'report-type': Type.Enum(['scan-report', 'commit-report']),
    'snapshot-id': int64,
    metrics: Type.Object({}, OPEN),
  },
  { ...OPEN, title: 'ReportMetricsRequest' },
)

export const signRequest = Type.Object(
  {
    region: Type.String(),
    uri: Type.String(),
    method: Type.String(),
    headers: Type.Record(Type.String(), Type.Array(Type.String())),
    properties: Type.Optional(properties),
    body: Type.Optional(Type.String()),
    provider: Type.Optional(Type.String()),
  },
  { title: 'RemoteSignRequest' },
)
export const signed = Type.Object(
  {
    uri: Type.String(),
    headers: Type.Record(Type.String(), Type.Array(Type.String())),
  },
  { title: 'RemoteSignResult' },
)
