import { type Static, Type } from 'typebox'
import { epochMsInteger, nullable, stringMap } from './envelope.ts'

// Tables and databases created, changed and dropped. None of it is in Amoro.

const name = Type.String({ minLength: 1, maxLength: 1000 })
const names = Type.Array(name, { maxItems: 1000 })
const comment = Type.String({ maxLength: 100_000 })
const properties = Type.Record(name, Type.String({ maxLength: 1_000_000 }))

/** Text, or an object of Iceberg's JSON: what stands inside one follows from its `type`. */
const columnType = Type.Unsafe<string | Readonly<Record<string, unknown>>>(
  Type.Union(
    [
      Type.String({ maxLength: 1000 }),
      Type.Object(
        { type: Type.Union([Type.Literal('struct'), Type.Literal('list'), Type.Literal('map')]) },
        { additionalProperties: true },
      ),
    ],
    {
      description:
        "A type of Iceberg: long, decimal(12, 2); structs, lists and maps as in Iceberg's JSON. In a request ids may be left out, and mean nothing.",
    },
  ),
)

const columnFields = {
  name,
  type: columnType,
  required: Type.Optional(Type.Boolean()),
  comment: Type.Optional(comment),
}

const newColumn = Type.Object(columnFields)
export type NewColumn = Static<typeof newColumn>

const columnName = Type.String({
  minLength: 1,
  maxLength: 10_000,
  description: 'From the top, with dots: address.city; element, key and value are the parts of lists and maps.',
})

const place = {
  first: Type.Optional(Type.Boolean({ description: 'Before all other columns of its struct.' })),
  after: Type.Optional(
    Type.String({ minLength: 1, maxLength: 1000, description: 'A column of the same struct, by its new name.' }),
  ),
}

const addedColumn = Type.Object({
  ...columnFields,
  parent: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 10_000,
      description: 'The struct, or list or map of structs, that the column is to be in; the table if absent.',
    }),
  ),
  ...place,
})
export type AddedColumn = Static<typeof addedColumn>

const alteredColumn = Type.Object({
  name: columnName,
  newName: Type.Optional(name),
  type: Type.Optional(Type.String({ maxLength: 1000, description: 'Wider than the present one.' })),
  required: Type.Optional(Type.Boolean({ description: 'Only false: what is optional may have nulls.' })),
  comment: Type.Optional(Type.String({ maxLength: 100_000, description: 'Empty to remove it.' })),
  ...place,
})
export type AlteredColumn = Static<typeof alteredColumn>

const partitionField = Type.Union([
  Type.String({ minLength: 1, maxLength: 10_000, description: 'region, day(ts), bucket[16](id), truncate[4](name)' }),
  Type.Object({
    source: columnName,
    transform: Type.Optional(Type.String({ maxLength: 100, description: 'identity if absent.' })),
    name: Type.Optional(name),
  }),
])
export type PartitionFieldText = Static<typeof partitionField>

const sortField = Type.Union([
  Type.String({ minLength: 1, maxLength: 10_000, description: 'ts desc nulls last, bucket[16](id)' }),
  Type.Object({
    source: columnName,
    transform: Type.Optional(Type.String({ maxLength: 100, description: 'identity if absent.' })),
    direction: Type.Optional(Type.Union([Type.Literal('asc'), Type.Literal('desc')])),
    nullOrder: Type.Optional(Type.Union([Type.Literal('nulls-first'), Type.Literal('nulls-last')])),
  }),
])
export type SortFieldText = Static<typeof sortField>

export const newTableBody = Type.Object(
  {
    name,
    columns: Type.Array(newColumn, { minItems: 1, maxItems: 10_000 }),
    identifierFields: Type.Optional(Type.Array(columnName, { maxItems: 1000 })),
    partitionFields: Type.Optional(Type.Array(partitionField, { maxItems: 100 })),
    sortOrder: Type.Optional(Type.Array(sortField, { maxItems: 100 })),
    properties: Type.Optional(properties),
    comment: Type.Optional(comment),
    location: Type.Optional(
      Type.String({ minLength: 1, maxLength: 10_000, description: 'Chosen by the catalog if absent.' }),
    ),
    formatVersion: Type.Optional(Type.Integer({ minimum: 1, maximum: 3, description: '2 if absent.' })),
  },
  { title: 'NewTableBody' },
)
export type NewTableBody = Static<typeof newTableBody>

export const tableChangeBody = Type.Object(
  {
    dropColumns: Type.Optional(Type.Array(columnName, { maxItems: 10_000 })),
    alterColumns: Type.Optional(Type.Array(alteredColumn, { maxItems: 10_000 })),
    addColumns: Type.Optional(Type.Array(addedColumn, { maxItems: 10_000 })),
    identifierFields: Type.Optional(
      Type.Array(columnName, { maxItems: 1000, description: 'All of them, by new names.' }),
    ),
    dropPartitionFields: Type.Optional(Type.Array(name, { maxItems: 100, description: 'By the names of the fields.' })),
    addPartitionFields: Type.Optional(Type.Array(partitionField, { maxItems: 100 })),
    sortOrder: Type.Optional(Type.Array(sortField, { maxItems: 100, description: 'All of it; empty for none.' })),
    removeProperties: Type.Optional(names),
    setProperties: Type.Optional(properties),
    comment: Type.Optional(Type.String({ maxLength: 100_000, description: 'Empty to remove it.' })),
    formatVersion: Type.Optional(Type.Integer({ minimum: 1, maximum: 3, description: 'Higher than the present one.' })),
  },
  {
    title: 'TableChangeBody',
    description:
      'All of it is one commit. dropColumns and alterColumns name columns as they are before it, everything else as they are after it.',
  },
)
export type TableChangeBody = Static<typeof tableChangeBody>

export const dropTableQuery = Type.Object({
  purge: Type.Boolean({
    default: false,
    description:
      'Remove the files as well: once the table cannot be restored any more, or at once where nothing dropped is kept.',
  }),
})

export const dropTableResult = Type.Object(
  {
    dropId: nullable(
      Type.String({ description: 'By which it is restored; null where the catalog keeps nothing dropped.' }),
    ),
    purgeAt: nullable(epochMsInteger),
    purgesFiles: Type.Boolean(),
  },
  { title: 'DropTableResult' },
)

export const renameTableBody = Type.Object({ name }, { title: 'RenameTableBody' })

export const tableDefinition = Type.Object(
  {
    tableIdentifier: Type.Object({ catalog: Type.String(), database: Type.String(), tableName: Type.String() }),
    uuid: Type.String(),
    location: Type.String(),
    metadataLocation: Type.String(),
    formatVersion: Type.Integer(),
    schemaId: Type.Integer(),
    columns: Type.Array(
      Type.Object({
        id: Type.Integer(),
        name: Type.String(),
        type: columnType,
        required: Type.Boolean(),
        comment: nullable(Type.String()),
      }),
    ),
    identifierFields: Type.Array(Type.String()),
    partitionFields: Type.Array(
      Type.Object({ name: Type.String(), source: Type.String(), transform: Type.String(), fieldId: Type.Integer() }),
    ),
    sortOrder: Type.Array(
      Type.Object({
        source: Type.String(),
        transform: Type.String(),
        direction: Type.String(),
        nullOrder: Type.String(),
      }),
    ),
    properties: { ...stringMap, description: 'Without secrets.' },
    comment: nullable(Type.String()),
  },
  { title: 'TableDefinition' },
)
export type TableDefinitionBody = Static<typeof tableDefinition>

export const newDatabaseBody = Type.Object(
  {
    name: Type.Union([name, Type.Array(name, { minItems: 1, maxItems: 100 })], {
      description: 'A list names the levels of a nested one.',
    }),
    properties: Type.Optional(properties),
  },
  { title: 'NewDatabaseBody' },
)

export const databaseChangeBody = Type.Object(
  {
    setProperties: Type.Optional(properties),
    removeProperties: Type.Optional(names),
  },
  { title: 'DatabaseChangeBody' },
)

export const databaseDefinition = Type.Object(
  {
    database: Type.String({ description: 'Its levels, joined with dots.' }),
    levels: Type.Array(Type.String()),
    properties: { ...stringMap, description: 'Without secrets.' },
  },
  { title: 'DatabaseDefinition' },
)
