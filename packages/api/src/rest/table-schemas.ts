import { type Static, Type } from 'typebox'
import { epochMsInteger, int64Text, nullable, pageQuery, sizeBytes, sizeText, stringMap } from './envelope.ts'

export const tableParams = Type.Object({ catalog: Type.String(), db: Type.String(), table: Type.String() })
export type TableParams = Static<typeof tableParams>

const tableIdentifier = Type.Object({
  catalog: Type.String(),
  database: Type.String(),
  tableName: Type.String(),
  id: Type.Integer(),
})

/** What a person asked for. */
export const requestFields = {
  type: Type.String(),
  filter: nullable(Type.String()),
  partitions: nullable(Type.Array(Type.String())),
  requestedAt: epochMsInteger,
  by: nullable(Type.String({ description: 'Who asked, as far as that is known.' })),
}

const lastRequest = Type.Object(
  {
    ...requestFields,
    answeredAt: epochMsInteger,
    answer: Type.String({ description: 'planned, nothing-to-do or failed.' }),
    reason: nullable(Type.String({ description: 'Why there was nothing to do, or why no plan could be made.' })),
    processId: nullable(Type.String({ description: 'That was planned.' })),
  },
  { description: 'What became of the last request that a person made and that is answered.' },
)

export const tableVerdict = Type.Object(
  {
    phase: Type.String(),
    kind: Type.String({ description: 'The rule, for example backing-off.' }),
    text: Type.String({ description: 'One sentence with the figures.' }),
    since: epochMsInteger,
    until: nullable(epochMsInteger),
    figures: Type.Record(Type.String(), Type.Number()),
    processId: nullable(Type.String()),
    needed: nullable(Type.String({ description: 'The optimizing type that the last evaluation asked for.' })),
    evaluatedAt: nullable(epochMsInteger),
    snapshotId: nullable(
      Type.String({ description: 'The current snapshot of `main`, as the last evaluation saw it.' }),
    ),
    finding: nullable(Type.String()),
    lastRequest: nullable(lastRequest),
  },
  { title: 'TableVerdict' },
)
export type TableVerdictBody = Static<typeof tableVerdict>

const healthScores = {
  healthScore: Type.Number({ description: '0 to 100; -1 if not computed yet.' }),
  smallFileScore: Type.Number(),
  equalityDeleteScore: Type.Number(),
  positionalDeleteScore: Type.Number(),
}

const baseMetrics = Type.Object({
  lastCommitTime: nullable(epochMsInteger),
  totalSize: sizeText,
  totalBytes: sizeBytes,
  fileCount: Type.Integer(),
  averageFileSize: sizeText,
  averageFileBytes: sizeBytes,
  baseWatermark: Type.Null(),
})

export const tableDetails = Type.Object(
  {
    tableIdentifier,
    tableType: Type.String(),
    schema: Type.Array(
      Type.Object({
        field: Type.String(),
        type: Type.String(),
        required: Type.Boolean(),
        comment: nullable(Type.String()),
      }),
    ),
    pkList: Type.Array(
      Type.Object({
        field: Type.String(),
        type: Type.String(),
        required: Type.Boolean(),
        comment: nullable(Type.String()),
      }),
    ),
    partitionColumnList: Type.Array(
      Type.Object({
        field: Type.String(),
        sourceField: Type.String(),
        transform: Type.String(),
        fieldId: Type.Integer(),
        sourceFieldId: Type.Integer(),
      }),
    ),
    properties: stringMap,
    changeMetrics: Type.Null({ description: 'Of the change store of mixed formats.' }),
    baseMetrics,
    tableSummary: Type.Object({
      file: Type.Integer(),
      size: sizeText,
      averageFile: sizeText,
      records: Type.Number(),
      tableFormat: Type.String({ description: 'For example Iceberg(V2).' }),
      optimizingStatus: Type.String(),
      ...healthScores,
    }),
    baseLocation: Type.String(),
    filter: nullable(Type.String()),
    createTime: epochMsInteger,
    creator: Type.Null(),
    tableWatermark: Type.Null(),
    baseWatermark: Type.Null(),
    comment: nullable(Type.String()),
    uuid: Type.String(),
    formatVersion: Type.Integer(),
    verdict: tableVerdict,
  },
  { title: 'TableDetails' },
)
export type TableDetails = Static<typeof tableDetails>

export const snapshotsQuery = Type.Object({
  ref: Type.Optional(Type.String({ maxLength: 1000 })),
  operation: Type.Union([Type.Literal('all'), Type.Literal('optimizing'), Type.Literal('non-optimizing')], {
    default: 'all',
  }),
  ...pageQuery,
})

export const snapshot = Type.Object(
  {
    snapshotId: int64Text,
    parentSnapshotId: nullable(int64Text),
    fileCount: Type.Integer({ description: 'Data and delete files of the table as of the snapshot.' }),
    fileSize: Type.String({ description: 'Of the files that the snapshot added and removed, for people.' }),
    records: Type.Number(),
    commitTime: epochMsInteger,
    operation: Type.String(),
    producer: Type.String(),
    summary: { ...stringMap, description: 'As the table has it: sizes are bytes.' },
    originalFileSize: Type.Number({ description: 'fileSize in bytes.' }),
    totalBytes: Type.Number({ description: 'Bytes of the table as of the snapshot. Not in Amoro.' }),
    recordsSummaryForChart: stringMap,
    filesSummaryForChart: stringMap,
  },
  { title: 'Snapshot' },
)
export type SnapshotBody = Static<typeof snapshot>

export const optimizeBody = Type.Object(
  {
    type: Type.Union([Type.Literal('auto'), Type.Literal('minor'), Type.Literal('major'), Type.Literal('full')], {
      default: 'auto',
    }),
    filter: Type.Optional(Type.String({ maxLength: 10_000, description: 'As in self-optimizing.filter.' })),
    partitions: Type.Optional(
      Type.Array(Type.String({ maxLength: 4000 }), {
        minItems: 1,
        maxItems: 1000,
        uniqueItems: true,
        description:
          'Only these, as the list of partitions names them, such as region=eu/day=2024-01-31; empty for the files of no partition. They must pass the filter, too.',
      }),
    ),
  },
  { title: 'OptimizeBody' },
)

/** A table as the lists show it. */
export const tableEntry = Type.Object(
  {
    tableIdentifier: Type.Object({
      id: Type.Integer(),
      catalog: Type.String(),
      database: Type.String(),
      tableName: Type.String(),
      format: Type.String(),
      identifier: Type.Object({ catalog: Type.String(), database: Type.String(), tableName: Type.String() }),
    }),
    tableName: Type.String({ description: 'catalog.database.table' }),
    optimizeStatus: Type.String(),
    duration: Type.Number({ description: 'Milliseconds in this status.' }),
    fileCount: Type.Integer(),
    fileSize: Type.Number(),
    quota: Type.Number(),
    quotaOccupation: Type.Number({ description: 'Share of the quota used in the last hour; 1 is all of it.' }),
    groupName: Type.String(),
    healthScore: Type.Number(),
  },
  { title: 'TableEntry' },
)
export type TableEntry = Static<typeof tableEntry>

/** A managed table of any group, with our words: what the command line lists. */
export const managedTable = Type.Object(
  {
    tableId: Type.Integer(),
    catalog: Type.String(),
    database: Type.String(),
    tableName: Type.String(),
    phase: Type.String(),
    optimizingType: nullable(Type.String()),
    processId: nullable(Type.String()),
    healthScore: Type.Number(),
    fileCount: Type.Integer(),
  },
  { title: 'ManagedTable' },
)
export type ManagedTableBody = Static<typeof managedTable>
