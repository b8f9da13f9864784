import { type Static, Type } from 'typebox'
import { epochMsInteger, int64Text, nullable, pageQuery, sizeText } from './envelope.ts'
import { tableParams } from './table-schemas.ts'

// What Amoro's pages show of a table beside its details.

export const snapshotParams = Type.Object({ ...tableParams.properties, snapshotId: int64Text })
export const snapshotDetailQuery = Type.Object({
  ref: Type.Optional(
    Type.String({ maxLength: 1000, description: 'A branch or tag; 404 if the snapshot is not in its history.' }),
  ),
  ...pageQuery,
})

export const tableFile = Type.Object(
  {
    commitId: int64Text,
    fileType: Type.Union([Type.Literal('BASE_FILE'), Type.Literal('POS_DELETE_FILE'), Type.Literal('EQ_DELETE_FILE')]),
    commitTime: nullable(epochMsInteger),
    size: sizeText,
    partition: Type.String({ description: 'Empty if unpartitioned.' }),
    specId: Type.Integer(),
    path: Type.String(),
    file: Type.String({ description: 'The last part of the path.' }),
    fileSize: Type.Number({ description: 'Bytes.' }),
    records: Type.Number({ description: 'Not in Amoro.' }),
    operation: nullable(Type.Union([Type.Literal('add'), Type.Literal('remove')])),
  },
  { title: 'TableFile' },
)
export type TableFileBody = Static<typeof tableFile>

export const tableOperation = Type.Object(
  {
    ts: epochMsInteger,
    operation: Type.String({ description: 'As a statement of Spark SQL.' }),
  },
  { title: 'TableOperation' },
)

export const partitionsQuery = Type.Object({
  filter: Type.Optional(Type.String({ maxLength: 1000, description: "Part of the partition's name." })),
  ...pageQuery,
})

export const tablePartition = Type.Object(
  {
    partition: Type.String(),
    specId: Type.Integer(),
    fileCount: Type.Integer(),
    fileSize: Type.Number({ description: 'Bytes.' }),
    lastCommitTime: nullable(epochMsInteger),
    size: sizeText,
  },
  { title: 'TablePartition' },
)

export const partitionParams = Type.Object({
  ...tableParams.properties,
  partition: Type.String({ description: 'As the list of partitions names it; null for the files of no partition.' }),
})
export const partitionFilesQuery = Type.Object({
  specId: Type.Optional(Type.Integer({ minimum: 0, maximum: 2_147_483_647 })),
  ...pageQuery,
})

export const tableRef = Type.Object(
  {
    name: Type.String(),
    snapshotId: Type.Unsafe<bigint>({
      type: 'integer',
      description: 'Of 64 bits, as in Amoro: what reads it as a double loses digits.',
    }),
    snapshotIdText: { ...int64Text, description: 'The same as text. Not in Amoro.' },
    minSnapshotsToKeep: nullable(Type.Integer()),
    maxSnapshotAgeMs: nullable(Type.Number()),
    maxRefAgeMs: nullable(Type.Number()),
    type: Type.Union([Type.Literal('branch'), Type.Literal('tag')]),
  },
  { title: 'TableRef' },
)

/** Iceberg tables have none. */
export const tableConsumer = Type.Object(
  {
    consumerId: Type.String(),
    nextSnapshotId: Type.Integer(),
    amoroCurrentSnapshotsOfTable: Type.Object({}, { additionalProperties: true }),
  },
  { title: 'TableConsumer' },
)
